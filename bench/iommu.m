-- The IOMMU benchmark model for Rumur.
--
-- bench/run.js replaces the five numbers below with those of the size it measures.
-- The three scalarsets make Rumur's symmetry reduction possible; run.js turns it off, because
-- all the tools are to search the same graph.
--
-- A dead register and an unused queue slot are undefined, which is a single value for Rumur.

const
  NCPU: 2;
  ND: 2;
  NP: 2;
  Q: 2;
  BROKEN: 0;

type
  Cpu: scalarset(NCPU);
  Dev: scalarset(ND);
  Page: scalarset(NP);
  Slot: 0..Q-1;
  Pc: enum {
    IDLE, M1, M2, M3, U1, U2, U3, U4, U5, U6, D1, D2, R1, R2, A1, A2, E1, E2, E3, E4, E5, UNLK
  };
  Owner: enum { HOST, HYP, GUEST };
  Kind: enum { TLBI, SYNC };
  Command: record
    kind: Kind;
    dev: Dev; -- undefined for SYNC
  end;

var
  pc: array [Cpu] of Pc;
  ad: array [Cpu] of Dev;
  ap: array [Cpu] of Page;
  owner: array [Page] of Owner;
  ref: array [Page] of 0..ND;
  lock: array [Dev] of boolean;
  ste: array [Dev] of boolean;
  pte: array [Dev] of array [Page] of boolean;
  tlb: array [Dev] of array [Page] of boolean;
  dma: array [Dev] of Page;
  qlen: 0..Q;
  queue: array [Slot] of Command;

procedure toUnlock(c: Cpu);
begin
  undefine ap[c];
  pc[c] := UNLK;
end;

procedure toIdle(c: Cpu);
begin
  undefine ad[c];
  undefine ap[c];
  pc[c] := IDLE;
end;

procedure pushTlbi(d: Dev);
begin
  queue[qlen].kind := TLBI;
  queue[qlen].dev := d;
  qlen := qlen + 1;
end;

procedure pushSync();
begin
  queue[qlen].kind := SYNC;
  qlen := qlen + 1;
end;

procedure pop();
begin
  for s: Slot do
    if s + 1 < qlen then
      queue[s] := queue[s + 1];
    elsif s + 1 = qlen then
      undefine queue[s];
    end;
  end;
  qlen := qlen - 1;
end;

startstate
begin
  for c: Cpu do
    toIdle(c);
  end;
  for p: Page do
    owner[p] := HOST;
    ref[p] := 0;
  end;
  for d: Dev do
    lock[d] := false;
    ste[d] := false;
    undefine dma[d];
    for p: Page do
      pte[d][p] := false;
      tlb[d][p] := false;
    end;
  end;
  qlen := 0;
  for s: Slot do
    undefine queue[s];
  end;
end;

-- An idle CPU makes a call (actions 1 to 6)

ruleset c: Cpu; d: Dev; p: Page do
  rule "call map" pc[c] = IDLE ==> begin
    ad[c] := d; ap[c] := p; pc[c] := M1;
  end;
  rule "call unmap" pc[c] = IDLE ==> begin
    ad[c] := d; ap[c] := p; pc[c] := U1;
  end;
end;

ruleset c: Cpu; p: Page do
  rule "call donate" pc[c] = IDLE ==> begin
    ap[c] := p; pc[c] := D1;
  end;
  rule "call reclaim" pc[c] = IDLE ==> begin
    ap[c] := p; pc[c] := R1;
  end;
end;

ruleset c: Cpu; d: Dev do
  rule "call attach" pc[c] = IDLE ==> begin
    ad[c] := d; pc[c] := A1;
  end;
  rule "call detach" pc[c] = IDLE ==> begin
    ad[c] := d; pc[c] := E1;
  end;
end;

ruleset c: Cpu do

  -- map

  rule "M1" pc[c] = M1 & !lock[ad[c]] ==> begin
    lock[ad[c]] := true; pc[c] := M2;
  end;
  rule "M2 ok" pc[c] = M2 & owner[ap[c]] = HOST & !pte[ad[c]][ap[c]] ==> begin
    ref[ap[c]] := ref[ap[c]] + 1; pc[c] := M3;
  end;
  rule "M2 refused" pc[c] = M2 & !(owner[ap[c]] = HOST & !pte[ad[c]][ap[c]]) ==> begin
    toUnlock(c);
  end;
  rule "M3" pc[c] = M3 ==> begin
    pte[ad[c]][ap[c]] := true; toUnlock(c);
  end;

  -- unmap

  rule "U1" pc[c] = U1 & !lock[ad[c]] ==> begin
    lock[ad[c]] := true; pc[c] := U2;
  end;
  rule "U2 ok" pc[c] = U2 & pte[ad[c]][ap[c]] ==> begin
    pte[ad[c]][ap[c]] := false; pc[c] := U3;
  end;
  rule "U2 refused" pc[c] = U2 & !pte[ad[c]][ap[c]] ==> begin
    toUnlock(c);
  end;
  rule "U3" pc[c] = U3 & qlen < Q ==> begin
    pushTlbi(ad[c]); pc[c] := U4;
  end;
  rule "U4" pc[c] = U4 & qlen < Q ==> begin
    pushSync();
    if BROKEN = 1 then pc[c] := U6; else pc[c] := U5; end;
  end;
  rule "U5" pc[c] = U5 & qlen = 0 ==> begin
    pc[c] := U6;
  end;
  rule "U6" pc[c] = U6 ==> begin
    ref[ap[c]] := ref[ap[c]] - 1; toUnlock(c);
  end;

  -- donate

  rule "D1 ok" pc[c] = D1 & owner[ap[c]] = HOST & ref[ap[c]] = 0 ==> begin
    owner[ap[c]] := HYP; pc[c] := D2;
  end;
  rule "D1 refused" pc[c] = D1 & !(owner[ap[c]] = HOST & ref[ap[c]] = 0) ==> begin
    toIdle(c);
  end;
  rule "D2" pc[c] = D2 ==> begin
    owner[ap[c]] := GUEST; toIdle(c);
  end;

  -- reclaim

  rule "R1 ok" pc[c] = R1 & owner[ap[c]] = GUEST ==> begin
    owner[ap[c]] := HYP; pc[c] := R2;
  end;
  rule "R1 refused" pc[c] = R1 & owner[ap[c]] != GUEST ==> begin
    toIdle(c);
  end;
  rule "R2" pc[c] = R2 ==> begin
    owner[ap[c]] := HOST; toIdle(c);
  end;

  -- attach

  rule "A1" pc[c] = A1 & !lock[ad[c]] ==> begin
    lock[ad[c]] := true; pc[c] := A2;
  end;
  rule "A2" pc[c] = A2 ==> begin
    ste[ad[c]] := true; toUnlock(c);
  end;

  -- detach

  rule "E1" pc[c] = E1 & !lock[ad[c]] ==> begin
    lock[ad[c]] := true; pc[c] := E2;
  end;
  rule "E2 ok" pc[c] = E2 & ste[ad[c]] ==> begin
    ste[ad[c]] := false; pc[c] := E3;
  end;
  rule "E2 refused" pc[c] = E2 & !ste[ad[c]] ==> begin
    toUnlock(c);
  end;
  rule "E3" pc[c] = E3 & qlen < Q ==> begin
    pushTlbi(ad[c]); pc[c] := E4;
  end;
  rule "E4" pc[c] = E4 & qlen < Q ==> begin
    pushSync(); pc[c] := E5;
  end;
  rule "E5" pc[c] = E5 & qlen = 0 ==> begin
    toUnlock(c);
  end;

  rule "UNLK" pc[c] = UNLK ==> begin
    lock[ad[c]] := false; toIdle(c);
  end;
end;

-- The SMMU

rule "invalidate" qlen > 0 & queue[0].kind = TLBI ==> begin
  for p: Page do
    tlb[queue[0].dev][p] := false;
  end;
  pop();
end;
rule "sync" qlen > 0 & queue[0].kind = SYNC & forall d: Dev do isundefined(dma[d]) end ==> begin
  pop();
end;

-- The devices

ruleset d: Dev; p: Page do
  rule "fill" ste[d] & pte[d][p] & !tlb[d][p] ==> begin
    tlb[d][p] := true;
  end;
  rule "access starts" isundefined(dma[d]) & tlb[d][p] ==> begin
    dma[d] := p;
  end;
end;

ruleset d: Dev do
  rule "access ends" !isundefined(dma[d]) ==> begin
    undefine dma[d];
  end;
end;

-- A page that a device can reach belongs to the host.

invariant "Inv1" forall p: Page do owner[p] = HOST | forall d: Dev do !tlb[d][p] end end;

invariant "Inv2" forall d: Dev do isundefined(dma[d]) | owner[dma[d]] = HOST end;
