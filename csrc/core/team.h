// The one place where threads are made. A kernel is a function that all threads of a Team run; it asks the
// team for its share of the work and for barriers. The share is a matter of speed only:
// kernels give the same bits for any size.
#pragma once

#include <functional>

#include "core/view.h"

namespace fastdnn {

struct TeamState;  // what the threads of one region share

class Team {
 public:
  Team(int rank, int size, TeamState& state) : rank_(rank), size_(size), state_(state) {}

  int rank() const { return rank_; }
  // The number of threads that really run, which may be below what was asked for (OMP_THREAD_LIMIT, nesting).
  int size() const { return size_; }

  // All threads arrive before any leaves.
  void barrier();

  // This thread's block of 0..n-1: contiguous, in whole grains but for the last, balanced to one grain.
  Range share(Index n, Index grain = 1) const;

 private:
  int rank_;
  int size_;
  TeamState& state_;
};

// Runs `body` on `threads` threads (>= 1) and returns how many there were. An exception in one thread breaks
// the barriers of the others; the first one is rethrown here after all have ended.
int run_team(int threads, const std::function<void(Team&)>& body);

// "openmp", "std_thread" or "serial".
const char* team_backend();

}  // namespace fastdnn
