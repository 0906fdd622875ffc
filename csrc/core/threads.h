// How many threads a call gets: what it asked for, or else what the machine,
// its container and the other calls of this process leave.
#pragma once

#include <string>

#include "core/crowd.h"
#include "core/view.h"

namespace fastdnn {

struct ThreadDefault {
  int count;
  std::string reason;  // for people: which limit decided
};

// min(OMP_NUM_THREADS if set, CPUs this process may run on, container quota), read at the first call; or what
// the OpenMP runtime is limited to in this thread (omp_set_num_threads, threadpoolctl), if that is less.
ThreadDefault machine_threads();

// The process-wide setting; 0 goes back to the machine's default.
// A set count is used as given, beyond the cores too.
void set_num_threads(int threads);
int num_threads_setting();

// Whether this thread's last call ended within the last half millisecond. Then its idle workers still spin,
// and a region costs microseconds; and where it had none, more such calls are to be expected, of which the
// first one pays for waking them.
bool calls_follow_closely();

// Threads held by one call, given back at the end of its life. Idle workers are kept for the caller's next call
// as long as all callers together keep no more than the machine has room for.
class ThreadLease {
 public:
  // `asked` > 0, or else a setting, is used as given. The default is capped by `useful` (how many threads the
  // work feeds), by what other leases leave of the machine's count, and by what other programs do
  // (`uncrowded_threads`), but is at least one.
  ThreadLease(int asked, Index useful);
  ~ThreadLease();
  ThreadLease(const ThreadLease&) = delete;
  ThreadLease& operator=(const ThreadLease&) = delete;
  int threads() const { return threads_; }
  // Whether the count may change.
  bool is_default() const { return default_; }
  // Tells how a region on these threads went, after which there may be fewer.
  void note(const TeamRun& run);

 private:
  bool default_;
  int threads_;
  int most_ = 1;  // that ran, and are kept
};

}  // namespace fastdnn
