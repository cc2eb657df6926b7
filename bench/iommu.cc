// The IOMMU benchmark model as a hand-packed breadth-first search, one thread.
//
//   g++ -O3 -march=native -std=c++17 -DNCPU=2 -DND=2 -DNP=3 -DQ=2 -DBROKEN=0 iommu.cc -o iommu
//
// A state is one 64-bit word, see iommu-model.h.  The set of seen states is one open-addressed table
// that starts small and doubles, so no size is given in advance; growth is part of the time.
// Successors wait in a small ring between the prefetch of their slot and the probe, which hides most
// cache misses.
// Both invariants are checked on every new state, and a state without successors is reported.

#include <sys/mman.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

#include "iommu-model.h"

namespace {

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
