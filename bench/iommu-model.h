// The IOMMU benchmark model for iommu.cc: a state packed into 64 bits, its successors, its invariants.

#pragma once

#include <cstdint>

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

}  // namespace
