// The one place where threads are made. A kernel is a function that all threads of a Team run; it asks the
// team for its share of the work and for barriers. The share is a matter of speed only:
// kernels give the same bits for any size.
#pragma once

#include <atomic>
#include <functional>

#include "core/crowd.h"
#include "core/interrupt.h"
#include "core/view.h"

namespace fastdnn {

struct TeamState;  // what the threads of one region share

class Team {
 public:
  Team(int rank, int size, TeamState& state, const std::atomic<bool>* stop)
      : rank_(rank), size_(size), state_(state), stop_(stop) {}

  int rank() const { return rank_; }
  // The number of threads that really run, which may be below what was asked for (OMP_THREAD_LIMIT, nesting).
  int size() const { return size_; }

  // All threads arrive before any leaves.
  void barrier();

  // Throws Interrupted once the region's stop flag is up. Long kernels call it every few milliseconds, between
  // blocks of their work: a relaxed load. The others leave at their next barrier, so that no thread comes
  // past a barrier that one of them did not reach.
  void poll() const {
    if (stop_ != nullptr && stop_->load(std::memory_order_relaxed)) throw Interrupted{};
  }

  // Whether the region would have lost nothing by fewer threads so far.
  bool waits_mostly() const;

  // This thread's block of 0..n-1: contiguous, in whole grains but for the last, balanced to one grain.
  Range share(Index n, Index grain = 1) const;

 private:
  int rank_;
  int size_;
  TeamState& state_;
  const std::atomic<bool>* stop_;
};

// Runs `body` on `threads` threads (>= 1) and returns how that went. An exception in one thread breaks
// the barriers of the others; the first one is rethrown here after all have ended. `stop` is what Team::poll
// looks at, null where nothing may end the region early.
TeamRun run_team(int threads, const std::function<void(Team&)>& body,
                 const std::atomic<bool>* stop = nullptr);

// Ends the workers that the backend keeps for the next region of this Python thread.
void release_workers();

// How many threads the backend would take by itself in this thread: what omp_set_num_threads and threadpoolctl
// set. INT_MAX where nobody can.
int backend_limit();

// "openmp", "std_thread" or "serial".
const char* team_backend();

}  // namespace fastdnn
