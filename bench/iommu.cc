// The IOMMU benchmark model as a hand-packed breadth-first search, one thread.
//
//   g++ -O3 -march=native -std=c++17 -DNCPU=2 -DND=2 -DNP=3 -DQ=2 -DBROKEN=0 iommu.cc -o iommu
//
// A state is one 64-bit word.  The set of seen states is one open-addressed table that starts small
// and doubles, so no size is given in advance; growth is part of the time.  Successors wait in a
// small ring between the prefetch of their slot and the probe, which hides most cache misses.
// Both invariants are checked on every new state, and a state without successors is reported.

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <vector>

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

namespace {

using Word = uint64_t;

// ------------------------------------------------------------------------------------- the layout

constexpr unsigned bitsFor(unsigned values) { return values <= 1 ? 0 : 1 + bitsFor((values + 1) / 2); }

// An array of `Count` fields of `Width` bits each, at bit `Base` of the word.
template <unsigned Base, unsigned Width, unsigned Count>
struct Fields {
  static constexpr unsigned end = Base + Width * Count;
  static constexpr Word mask = (Word{1} << Width) - 1;
  static constexpr Word all = ((Word{1} << (Width * Count)) - 1) << Base;

  static unsigned get(Word s, unsigned i) { return (s >> (Base + Width * i)) & mask; }
  static Word put(Word s, unsigned i, Word value) {
    const unsigned shift = Base + Width * i;
    return (s & ~(mask << shift)) | (value << shift);
  }
};

enum Pc : unsigned {
  IDLE, M1, M2, M3, U1, U2, U3, U4, U5, U6, D1, D2, R1, R2, A1, A2, E1, E2, E3, E4, E5, UNLK
};
enum Owner : unsigned { HOST, HYP, GUEST };

// A queue command is 1+d for TLBI(d), 1+ND for SYNC, 0 for an unused slot; the head is slot 0.
constexpr unsigned SYNC = 1 + ND;

using PcOf = Fields<0, 5, NCPU>;
using DevOf = Fields<PcOf::end, bitsFor(ND), NCPU>;
using PageOf = Fields<DevOf::end, bitsFor(NP), NCPU>;
using OwnerOf = Fields<PageOf::end, 2, NP>;
using RefOf = Fields<OwnerOf::end, bitsFor(ND + 1), NP>;
using LockOf = Fields<RefOf::end, 1, ND>;
using SteOf = Fields<LockOf::end, 1, ND>;
using PteOf = Fields<SteOf::end, NP, ND>;
using TlbOf = Fields<PteOf::end, NP, ND>;
using DmaOf = Fields<TlbOf::end, bitsFor(NP + 1), ND>;  // 0 for none, else 1+p
using QueueOf = Fields<DmaOf::end, bitsFor(ND + 2), Q>;
static_assert(QueueOf::end < 64, "the state must fit in 63 bits");

// The initial state is all zeros but for this bit, so that 0 can mark an empty slot of the table.
constexpr Word INITIAL = Word{1} << 63;

// ----------------------------------------------------------------------------------- the transitions

Word toUnlock(Word s, unsigned c) { return PcOf::put(PageOf::put(s, c, 0), c, UNLK); }

Word toIdle(Word s, unsigned c) { return PcOf::put(PageOf::put(DevOf::put(s, c, 0), c, 0), c, IDLE); }

bool queueEmpty(Word s) { return (s & QueueOf::all) == 0; }

bool queueFull(Word s) { return QueueOf::get(s, Q - 1) != 0; }

Word push(Word s, unsigned command) {
  unsigned slot = 0;
  while (QueueOf::get(s, slot) != 0) ++slot;
  return QueueOf::put(s, slot, command);
}

Word pop(Word s) {
  const Word shifted = ((s & QueueOf::all) >> bitsFor(ND + 2)) & QueueOf::all;
  return (s & ~QueueOf::all) | shifted;
}

// Actions 1 to 6: an idle CPU makes a call.
template <class Emit>
void calls(Word s, unsigned c, Emit emit) {
  for (unsigned d = 0; d < ND; ++d) {
    const Word withDev = DevOf::put(s, c, d);
    emit(PcOf::put(withDev, c, A1));
    emit(PcOf::put(withDev, c, E1));
    for (unsigned p = 0; p < NP; ++p) {
      const Word withBoth = PageOf::put(withDev, c, p);
      emit(PcOf::put(withBoth, c, M1));
      emit(PcOf::put(withBoth, c, U1));
    }
  }
  for (unsigned p = 0; p < NP; ++p) {
    const Word withPage = PageOf::put(s, c, p);
    emit(PcOf::put(withPage, c, D1));
    emit(PcOf::put(withPage, c, R1));
  }
}

// Actions 7 to 27.
template <class Emit>
void cpu(Word s, unsigned c, Emit emit) {
  const unsigned pc = PcOf::get(s, c);
  const unsigned d = DevOf::get(s, c);
  const unsigned p = PageOf::get(s, c);
  const auto go = [&](Word next, unsigned label) { emit(PcOf::put(next, c, label)); };
  switch (pc) {
    case IDLE:
      return calls(s, c, emit);
    case M1: case U1: case A1: case E1:
      if (!LockOf::get(s, d)) go(LockOf::put(s, d, 1), pc + 1);
      return;
    case M2: {
      const bool can = OwnerOf::get(s, p) == HOST && !(PteOf::get(s, d) >> p & 1);
      return can ? go(RefOf::put(s, p, RefOf::get(s, p) + 1), M3) : emit(toUnlock(s, c));
    }
    case M3:
      return emit(toUnlock(PteOf::put(s, d, PteOf::get(s, d) | 1u << p), c));
    case U2: {
      const unsigned pte = PteOf::get(s, d);
      const bool can = pte >> p & 1;
      return can ? go(PteOf::put(s, d, pte & ~(1u << p)), U3) : emit(toUnlock(s, c));
    }
    case U3: case E3:
      if (!queueFull(s)) go(push(s, 1 + d), pc + 1);
      return;
    case U4:
      if (!queueFull(s)) go(push(s, SYNC), BROKEN ? U6 : U5);
      return;
    case E4:
      if (!queueFull(s)) go(push(s, SYNC), E5);
      return;
    case U5:
      if (queueEmpty(s)) go(s, U6);
      return;
    case U6:
      return emit(toUnlock(RefOf::put(s, p, RefOf::get(s, p) - 1), c));
    case D1: {
      const bool can = OwnerOf::get(s, p) == HOST && RefOf::get(s, p) == 0;
      return can ? go(OwnerOf::put(s, p, HYP), D2) : emit(toIdle(s, c));
    }
    case D2:
      return emit(toIdle(OwnerOf::put(s, p, GUEST), c));
    case R1:
      return OwnerOf::get(s, p) == GUEST ? go(OwnerOf::put(s, p, HYP), R2) : emit(toIdle(s, c));
    case R2:
      return emit(toIdle(OwnerOf::put(s, p, HOST), c));
    case A2:
      return emit(toUnlock(SteOf::put(s, d, 1), c));
    case E2:
      return SteOf::get(s, d) ? go(SteOf::put(s, d, 0), E3) : emit(toUnlock(s, c));
    case E5:
      if (queueEmpty(s)) emit(toUnlock(s, c));
      return;
    case UNLK:
      return emit(toIdle(LockOf::put(s, d, 0), c));
  }
}

// Actions 28 and 29.
template <class Emit>
void smmu(Word s, Emit emit) {
  if (queueEmpty(s)) return;
  const unsigned head = QueueOf::get(s, 0);
  if (head != SYNC) {
    emit(pop(TlbOf::put(s, head - 1, 0)));
  } else if ((s & DmaOf::all) == 0) {
    emit(pop(s));
  }
}

// Actions 30 to 32.
template <class Emit>
void device(Word s, unsigned d, Emit emit) {
  const unsigned tlb = TlbOf::get(s, d);
  const unsigned fills = SteOf::get(s, d) ? PteOf::get(s, d) & ~tlb : 0;
  const bool busy = DmaOf::get(s, d) != 0;
  for (unsigned p = 0; p < NP; ++p) {
    if (fills >> p & 1) emit(TlbOf::put(s, d, tlb | 1u << p));
    if (!busy && (tlb >> p & 1)) emit(DmaOf::put(s, d, 1 + p));
  }
  if (busy) emit(DmaOf::put(s, d, 0));
}

template <class Emit>
void successors(Word s, Emit emit) {
  for (unsigned c = 0; c < NCPU; ++c) cpu(s, c, emit);
  smmu(s, emit);
  for (unsigned d = 0; d < ND; ++d) device(s, d, emit);
}

// Inv1 and Inv2: a page that a device can reach belongs to the host.
bool safe(Word s) {
  unsigned used = 0;
  for (unsigned d = 0; d < ND; ++d) used |= TlbOf::get(s, d) | (1u << DmaOf::get(s, d)) >> 1;
  for (unsigned p = 0; p < NP; ++p) {
    if ((used >> p & 1) && OwnerOf::get(s, p) != HOST) return false;
  }
  return true;
}

// ---------------------------------------------------------------------------- the set of seen states

class StateSet {
 public:
  StateSet() : bits_(16), slots_(allocate(bits_)) {}

  size_t size() const { return size_; }

  void prefetch(Word s) const { __builtin_prefetch(&slots_[slotOf(s)], 1); }

  // Whether the state is new.
  bool insert(Word s) {
    if (size_ >= limit()) grow();
    if (!place(s)) return false;
    ++size_;
    return true;
  }

 private:
  unsigned bits_;
  Word* slots_;
  size_t size_ = 0;

  static size_t bytes(unsigned bits) { return sizeof(Word) << bits; }

  static Word* allocate(unsigned bits) {
    void* p = mmap(nullptr, bytes(bits), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
      perror("mmap");
      exit(2);
    }
    madvise(p, bytes(bits), MADV_HUGEPAGE);
    return static_cast<Word*>(p);
  }

  size_t limit() const { return (size_t{3} << bits_) / 4; }

  size_t slotOf(Word s) const {
    const Word mixed = (s ^ s >> 32) * 0x9E3779B97F4A7C15u;
    return (mixed ^ mixed >> 29) * 0xBF58476D1CE4E5B9u >> (64 - bits_);
  }

  bool place(Word s) {
    const size_t mask = (size_t{1} << bits_) - 1;
    size_t i = slotOf(s);
    for (; slots_[i] != 0; i = (i + 1) & mask) {
      if (slots_[i] == s) return false;
    }
    slots_[i] = s;
    return true;
  }

  void grow() {
    Word* const old = slots_;
    const unsigned oldBits = bits_++;
    slots_ = allocate(bits_);
    for (size_t i = 0; i < size_t{1} << oldBits; ++i) {
      if (old[i] != 0) place(old[i]);
    }
    munmap(old, bytes(oldBits));
  }
};

// -------------------------------------------------------------------------------------- the search

class Search {
 public:
  // Explores everything, or up to the first violation; returns the exit status.
  int run() {
    add(INITIAL);
    while (!next_.empty() && !failed_) {
      frontier_.swap(next_);
      next_.clear();
      for (const Word s : frontier_) expand(s);
      drain();
      if (!next_.empty()) ++depth_;
    }
    printf("states %zu\ntransitions %zu\ndepth %u\n", seen_.size(), transitions_, depth_);
    if (failed_) printf("violation at depth %u\n", depth_);
    return failed_ ? 1 : 0;
  }

 private:
  static constexpr unsigned RING = 64;

  StateSet seen_;
  std::vector<Word> frontier_, next_;
  Word ring_[RING] = {};
  size_t transitions_ = 0;
  unsigned depth_ = 0;
  bool failed_ = false;

  void expand(Word s) {
    const size_t before = transitions_;
    successors(s, [this](Word t) {
      Word& place = ring_[transitions_++ % RING];
      if (place != 0) add(place);
      seen_.prefetch(t);
      place = t;
    });
    if (transitions_ == before) {
      printf("deadlock at depth %u\n", depth_);
      failed_ = true;
    }
  }

  void drain() {
    for (Word& waiting : ring_) {
      if (waiting != 0) add(waiting);
      waiting = 0;
    }
  }

  void add(Word s) {
    if (!seen_.insert(s)) return;
    next_.push_back(s);
    if (!safe(s)) failed_ = true;
  }
};

}  // namespace

int main() { return Search().run(); }
