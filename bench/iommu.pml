/*
 * The IOMMU benchmark model for SPIN.
 *
 *   spin -a -DNCPU=2 -DND=2 -DNP=2 -DQ=2 -DBROKEN=0 iommu.pml
 *
 * NCPU: any small number; ND, Q: 1..3; NP: 1..4.
 *
 * Every numbered action of the model is one d_step, hence one transition.  The label a CPU is at is
 * its control location, as is usual in Promela, so SPIN only tries the actions of that location.
 * (A lone d_step is wrapped in an `if`, because SPIN takes a jump to a label right before a d_step
 * for a jump into it.)  A `goto` behind a d_step is resolved when SPIN builds its tables: it adds
 * neither a state nor a transition.  The SMMU and the devices are one process with a single
 * location, which adds no states of its own (a process for each is as exact, but makes the state
 * vector longer; a single process for everything is as exact too, but slower).
 *
 * Only a few actions can break an invariant (a page leaves the host, a translation is cached, an
 * access starts), so the assertions are inside those d_steps: no monitor process, no transitions
 * added, and SPIN spends no time on checking anything twice.
 */

#ifndef NCPU
#define NCPU 2
#endif
#ifndef ND
#define ND 2
#endif
#ifndef NP
#define NP 2
#endif
#ifndef Q
#define Q 2
#endif
#ifndef BROKEN
#define BROKEN 0
#endif

/* X(d) for every device; X(d,p) for every device and page; X(p) for every page. */
#if ND == 1
#define EACH_D(X) X(0)
#define EACH_DP(X) ROW(X,0)
#elif ND == 2
#define EACH_D(X) X(0) X(1)
#define EACH_DP(X) ROW(X,0) ROW(X,1)
#elif ND == 3
#define EACH_D(X) X(0) X(1) X(2)
#define EACH_DP(X) ROW(X,0) ROW(X,1) ROW(X,2)
#else
#error ND must be 1, 2 or 3
#endif

#if NP == 1
#define EACH_P(X) X(0)
#define ROW(X,d) X(d,0)
#elif NP == 2
#define EACH_P(X) X(0) X(1)
#define ROW(X,d) X(d,0) X(d,1)
#elif NP == 3
#define EACH_P(X) X(0) X(1) X(2)
#define ROW(X,d) X(d,0) X(d,1) X(d,2)
#elif NP == 4
#define EACH_P(X) X(0) X(1) X(2) X(3)
#define ROW(X,d) X(d,0) X(d,1) X(d,2) X(d,3)
#else
#error NP must be 1, 2, 3 or 4
#endif

/* owner[p] */
#define HOST 0
#define HYP 1
#define GUEST 2

/* A queue slot is 0 when unused, 1+d for TLBI(d), SYNC for SYNC; the head is at 0. */
#define TLBI(d) (1 + (d))
#define SYNC (1 + ND)

/* A page set is a bit mask; dma[d] is 0 for no access, 1+p for an access to p. */
#define BIT(p) (1 << (p))
#define HAS(set, p) ((set) & BIT(p))
#define ADD(set, p) set = (set) | BIT(p)
#define DEL(set, p) set = (set) & ~BIT(p)

byte owner[NP];
byte ref[NP];
bool lock[ND];
bool ste[ND];
byte pte[ND];
byte tlb[ND];
byte dma[ND];
byte qlen;
byte queue[Q];

/* No device uses page p, as the invariants demand when p leaves the host. */
#define FREE_IN(d, p) (!HAS(tlb[d], p) && dma[d] != 1 + (p))
#if ND == 1
#define UNUSED(p) FREE_IN(0, p)
#define NO_DMA (dma[0] == 0)
#elif ND == 2
#define UNUSED(p) (FREE_IN(0, p) && FREE_IN(1, p))
#define NO_DMA (dma[0] == 0 && dma[1] == 0)
#else
#define UNUSED(p) (FREE_IN(0, p) && FREE_IN(1, p) && FREE_IN(2, p))
#define NO_DMA (dma[0] == 0 && dma[1] == 0 && dma[2] == 0)
#endif

#define PUSH(cmd) queue[qlen] = cmd; qlen++

#if Q == 1
#define POP queue[0] = 0; qlen--
#elif Q == 2
#define POP queue[0] = queue[1]; queue[1] = 0; qlen--
#elif Q == 3
#define POP queue[0] = queue[1]; queue[1] = queue[2]; queue[2] = 0; qlen--
#else
#error Q must be 1, 2 or 3
#endif

/* The calls an idle CPU can make (actions 1 to 6). */
#define CALL_MAP(d, p) :: d_step { true -> ad = d; ap = p } goto M1
#define CALL_UNMAP(d, p) :: d_step { true -> ad = d; ap = p } goto U1
#define CALL_DONATE(p) :: d_step { true -> ap = p } goto D1
#define CALL_RECLAIM(p) :: d_step { true -> ap = p } goto R1
#define CALL_ATTACH(d) :: d_step { true -> ad = d } goto A1
#define CALL_DETACH(d) :: d_step { true -> ad = d } goto E1

#define CAN_MAP (owner[ap] == HOST && !HAS(pte[ad], ap))
#define CAN_DONATE (owner[ap] == HOST && ref[ap] == 0)

/* A dead register is 0. */
active [NCPU] proctype cpu() {
  byte ad = 0;
  byte ap = 0;

IDLE:
  if
  EACH_DP(CALL_MAP)
  EACH_DP(CALL_UNMAP)
  EACH_P(CALL_DONATE)
  EACH_P(CALL_RECLAIM)
  EACH_D(CALL_ATTACH)
  EACH_D(CALL_DETACH)
  fi;

M1: if :: d_step { !lock[ad] -> lock[ad] = true } goto M2 fi;
M2:
  if
  :: d_step { CAN_MAP -> ref[ap]++ } goto M3
  :: d_step { !CAN_MAP -> ap = 0 } goto UNLK
  fi;
M3: if :: d_step { ADD(pte[ad], ap); ap = 0 } goto UNLK fi;

U1: if :: d_step { !lock[ad] -> lock[ad] = true } goto U2 fi;
U2:
  if
  :: d_step { HAS(pte[ad], ap) -> DEL(pte[ad], ap) } goto U3
  :: d_step { !HAS(pte[ad], ap) -> ap = 0 } goto UNLK
  fi;
U3: if :: d_step { qlen < Q -> PUSH(TLBI(ad)) } goto U4 fi;
#if BROKEN
U4: if :: d_step { qlen < Q -> PUSH(SYNC) } goto U6 fi;
#else
U4: if :: d_step { qlen < Q -> PUSH(SYNC) } goto U5 fi;
U5: qlen == 0; goto U6;
#endif
U6: if :: d_step { ref[ap]--; ap = 0 } goto UNLK fi;

D1:
  if
  :: d_step { CAN_DONATE -> owner[ap] = HYP; assert(UNUSED(ap)) } goto D2
  :: d_step { !CAN_DONATE -> ap = 0 } goto IDLE
  fi;
D2: if :: d_step { owner[ap] = GUEST; ap = 0 } goto IDLE fi;

R1:
  if
  :: d_step { owner[ap] == GUEST -> owner[ap] = HYP } goto R2
  :: d_step { owner[ap] != GUEST -> ap = 0 } goto IDLE
  fi;
R2: if :: d_step { owner[ap] = HOST; ap = 0 } goto IDLE fi;

A1: if :: d_step { !lock[ad] -> lock[ad] = true } goto A2 fi;
A2: if :: d_step { ste[ad] = true } goto UNLK fi;

E1: if :: d_step { !lock[ad] -> lock[ad] = true } goto E2 fi;
E2:
  if
  :: d_step { ste[ad] -> ste[ad] = false } goto E3
  :: !ste[ad] -> goto UNLK
  fi;
E3: if :: d_step { qlen < Q -> PUSH(TLBI(ad)) } goto E4 fi;
E4: if :: d_step { qlen < Q -> PUSH(SYNC) } goto E5 fi;
E5: qlen == 0; goto UNLK;

UNLK: if :: d_step { lock[ad] = false; ad = 0 } goto IDLE fi
}

#define FILL(d, p) :: d_step { ste[d] && HAS(pte[d], p) && !HAS(tlb[d], p) -> \
    ADD(tlb[d], p); assert(owner[p] == HOST) }
#define START(d, p) :: d_step { dma[d] == 0 && HAS(tlb[d], p) -> \
    dma[d] = 1 + p; assert(owner[p] == HOST) }
#define FINISH(d) :: d_step { dma[d] != 0 -> dma[d] = 0 }

/* The SMMU and the devices */
active proctype hardware() {
  do
  :: d_step { qlen > 0 && queue[0] != SYNC -> tlb[queue[0] - 1] = 0; POP }
  :: d_step { qlen > 0 && queue[0] == SYNC && NO_DMA -> POP }
  EACH_DP(FILL)
  EACH_DP(START)
  EACH_D(FINISH)
  od
}
