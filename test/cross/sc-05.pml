/*
 * SC-05 once more, for SPIN, written from the description of the hardware and of the driver and not from
 * src/spec: the command queue of one SMMU, its error stop, and CPUs that push batches into it.
 *
 *   spin -a -DCPUS=2 -DN=2 -DBATCH=2 -DLAPS=0 -DABORTS=1 -DACKS=1 -DWARN=0 -DFILTERS=1 -DBARRIER=1 sc-05.pml
 *
 * One domain, one stream. The same atomic steps as SC-05: each d_step is one transition, the label a CPU is
 * at is its place, and everything a place does not need any more is 0. No monitors: run SC-05 with
 * properties that need none. (A lone d_step stands in an `if`, since SPIN takes a jump to a label right
 * before a d_step for a jump into it.)
 *
 * BARRIER=0 leaves out the barrier between the entry and PROD.
 */

#define NONE 0
#define BAD  1 /* an opcode that the SMMU does not know; fresh memory is one */
#define TLBI 2
#define CFGI 3
#define SYNC 4

#define CERROR_NONE 0
#define CERROR_ILL  1
#define CERROR_ABT  2

/* Index and wrap bit in one number. */
#define WRAP (2 * N)
#define AHEAD ((prod + WRAP - cons) % WRAP)
#define FULL (AHEAD >= N)
#define EMPTY (AHEAD == 0)

byte entry[N] = BAD;
byte old[N]; /* what may still be read instead: a store that is not visible yet */
byte prod, cons;
byte err; /* CMDQ_ERR is active while it is not CERROR_NONE */
bool lock, panicked;

byte i; /* in a d_step only, 0 outside */

#if LAPS
#define FORGET
#else
#define FORGET entry[cons % N] = BAD;
#endif

#if BARRIER
#define VISIBLE d_step { true -> i = 0; do :: i < N -> old[i] = NONE; i++ :: else -> break od; i = 0 }
#endif

/* Out of the call, with the lock released. */
#define LEAVE lock = false; host = 0; cmd = NONE; more = NONE

#if WARN
#define TIMEOUT(unless) :: d_step { err != CERROR_NONE && !(unless) -> panicked = true; cmd = NONE; more = NONE } goto DEAD
#else
#define TIMEOUT(unless) :: d_step { err != CERROR_NONE && !(unless) -> LEAVE } goto IDLE
#endif

#define STORE(c) old[prod % N] = entry[prod % N]; entry[prod % N] = c

active [CPUS] proctype cpu() {
  bool host = 0; /* this batch is a command of the host */
  byte cmd = NONE;
  byte more = NONE;

IDLE:
  if
  :: d_step { !lock -> lock = true; cmd = TLBI } goto WRITE
  :: d_step { !lock -> lock = true; cmd = CFGI } goto WRITE
#if BATCH >= 2
  :: d_step { !lock -> lock = true; cmd = TLBI; more = CFGI } goto WRITE
#endif
  :: d_step { !lock -> lock = true; host = 1; cmd = TLBI } goto FILTER
  :: d_step { !lock -> lock = true; host = 1; cmd = CFGI } goto FILTER
  :: d_step { !lock -> lock = true; host = 1; cmd = BAD } goto FILTER
  fi;

FILTER:
  if
#if FILTERS
  :: cmd != BAD -> goto WRITE
  :: d_step { cmd == BAD -> LEAVE } goto IDLE
#else
  :: true -> goto WRITE
#endif
  fi;

WRITE:
  if
  :: d_step { !FULL -> STORE(cmd); cmd = NONE }
  TIMEOUT(!FULL)
  fi;
#if BARRIER
BARRIER_1: if :: VISIBLE fi;
#endif
RING:
  if
  :: d_step { more == NONE -> prod = (prod + 1) % WRAP } goto WRITE_SYNC
  :: d_step { more != NONE -> prod = (prod + 1) % WRAP; cmd = more; more = NONE } goto WRITE
  fi;

WRITE_SYNC:
  if
  :: d_step { !FULL -> STORE(SYNC) }
  TIMEOUT(!FULL)
  fi;
#if BARRIER
BARRIER_2: if :: VISIBLE fi;
#endif
RING_SYNC: if :: d_step { true -> prod = (prod + 1) % WRAP } fi;

WAIT:
  if
  :: d_step { EMPTY -> LEAVE } goto IDLE
  TIMEOUT(EMPTY)
  fi;

DEAD: false
}

#define RUNS (err == CERROR_NONE && !EMPTY)
#define HEAD entry[cons % N]
#define STALE old[cons % N]
#define MAY_BE(c) (HEAD == c || STALE == c)
#define CONSUME FORGET old[cons % N] = NONE; cons = (cons + 1) % WRAP

active proctype smmu() {
  do
  :: d_step { RUNS && (HEAD == TLBI || HEAD == CFGI) -> CONSUME }
  :: d_step { RUNS && (STALE == TLBI || STALE == CFGI) && STALE != HEAD -> CONSUME }
  :: d_step { RUNS && MAY_BE(SYNC) -> CONSUME }
  :: d_step { RUNS && MAY_BE(BAD) -> err = CERROR_ILL }
#if ABORTS
  :: d_step { RUNS -> err = CERROR_ABT }
#endif
  od
}

#if ACKS
active proctype gerrorn() {
  do
  :: d_step { err != CERROR_NONE -> err = CERROR_NONE }
  od
}
#endif
