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

function canStep(c: Cpu): boolean;
begin
  switch pc[c]
    case IDLE: return false;
    case M1, U1, A1, E1: return !lock[ad[c]];
    case U3, U4, E3, E4: return qlen < Q;
    case U5, E5: return qlen = 0;
    else return true;
  end;
end;

procedure step(c: Cpu);
begin
  switch pc[c]
    case M1:
      lock[ad[c]] := true; pc[c] := M2;
    case M2:
      if owner[ap[c]] = HOST & !pte[ad[c]][ap[c]] then
        ref[ap[c]] := ref[ap[c]] + 1; pc[c] := M3;
      else
        toUnlock(c);
      end;
    case M3:
      pte[ad[c]][ap[c]] := true; toUnlock(c);

    case U1:
      lock[ad[c]] := true; pc[c] := U2;
    case U2:
      if pte[ad[c]][ap[c]] then
        pte[ad[c]][ap[c]] := false; pc[c] := U3;
      else
        toUnlock(c);
      end;
    case U3:
      pushTlbi(ad[c]); pc[c] := U4;
    case U4:
      pushSync();
      if BROKEN = 1 then pc[c] := U6; else pc[c] := U5; end;
    case U5:
      pc[c] := U6;
    case U6:
      ref[ap[c]] := ref[ap[c]] - 1; toUnlock(c);

    case D1:
      if owner[ap[c]] = HOST & ref[ap[c]] = 0 then
        owner[ap[c]] := HYP; pc[c] := D2;
      else
        toIdle(c);
      end;
    case D2:
      owner[ap[c]] := GUEST; toIdle(c);

    case R1:
      if owner[ap[c]] = GUEST then
        owner[ap[c]] := HYP; pc[c] := R2;
      else
        toIdle(c);
      end;
    case R2:
      owner[ap[c]] := HOST; toIdle(c);

    case A1:
      lock[ad[c]] := true; pc[c] := A2;
    case A2:
      ste[ad[c]] := true; toUnlock(c);

    case E1:
      lock[ad[c]] := true; pc[c] := E2;
    case E2:
      if ste[ad[c]] then
        ste[ad[c]] := false; pc[c] := E3;
      else
        toUnlock(c);
      end;
    case E3:
      pushTlbi(ad[c]); pc[c] := E4;
    case E4:
      pushSync(); pc[c] := E5;
    case E5:
      toUnlock(c);

    case UNLK:
      lock[ad[c]] := false; toIdle(c);
  end;
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

-- A CPU in a call takes its next step (actions 7 to 27): at most one is enabled, so a single rule
-- will do, which spares Rumur from trying some thirty guards for each CPU in every state.

ruleset c: Cpu do
  rule "step" canStep(c) ==> begin
    step(c);
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
