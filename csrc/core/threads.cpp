#include "core/threads.h"

#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include "core/check.h"
#include "core/fork.h"
#include "core/team.h"

namespace fastdnn {
namespace {

constexpr int kMaxThreads = 1024;

std::atomic<int> setting{0};
std::mutex lease_mutex;    // locked in a ForkHold
int leased = 0;            // threads of the calls that run now
std::atomic<int> kept{0};  // idle workers of all threads

// The idle workers of one calling thread, which end with it.
struct Workers {
  int count = 0;
  ~Workers() { set(0); }
  void set(int n) {
    kept += n - count;
    count = n;
  }
};
thread_local Workers workers;

using Clock = std::chrono::steady_clock;
constexpr std::chrono::microseconds kClosely{500};  // libgomp's idle workers spin for some milliseconds
thread_local Clock::time_point last_call_ended{};   // of this thread, if any

// The core releases the forking thread's workers before a fork (team.cpp); the calls of other threads do not
// go on in the child.
void after_fork_in_parent() {
  workers.set(0);
}
void after_fork_in_child() {
  leased = 0;
  kept = 0;
  workers.count = 0;
}
const int hook = pthread_atfork(nullptr, after_fork_in_parent, after_fork_in_child);

// CPUs that the scheduler may give to this process; a mask for more than 1024 of them is asked for in steps.
int affinity_count() {
  for (int cpus = 1024; cpus <= 65536; cpus *= 2) {
    cpu_set_t* set = CPU_ALLOC(static_cast<std::size_t>(cpus));
    if (set == nullptr) break;
    const std::size_t bytes = CPU_ALLOC_SIZE(static_cast<std::size_t>(cpus));
    const bool ok = sched_getaffinity(0, bytes, set) == 0;
    const int count = ok ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (ok && count > 0) return count;
  }
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

std::string read_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// "max 100000" or "150000 100000" (microseconds of CPU per period): CPUs, or 0 for no limit.
double parse_cpu_max(const std::string& line) {
  std::istringstream fields(line);
  double quota = 0;
  double period = 0;
  if (!(fields >> quota >> period) || quota <= 0 || period <= 0) return 0;
  return quota / period;
}

// The container's quota in whole CPUs, rounded, or 0 where there is none. cgroup v2: the nearest limit on the
// way from this process's group up to the root counts; v1: the limit of the mounted group.
int quota_count() {
  std::string group;
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    if (line.rfind("0::", 0) == 0) group = line.substr(3);
  }
  double cpus = 0;
  for (;;) {
    const double limit = parse_cpu_max(read_line("/sys/fs/cgroup" + group + "/cpu.max"));
    if (limit > 0) cpus = cpus > 0 ? std::min(cpus, limit) : limit;
    const std::size_t slash = group.find_last_of('/');
    if (group.empty() || slash == std::string::npos) break;
    group.resize(slash);
  }
  if (cpus == 0) {
    cpus = parse_cpu_max(read_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") + " " +
                         read_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us"));
  }
  return cpus > 0 ? std::max(1, static_cast<int>(std::lround(std::min<double>(cpus, kMaxThreads)))) : 0;
}

// The first number of OMP_NUM_THREADS ("4" or "4,2"), or 0 when unset or not a positive number.
int omp_num_threads() {
  const char* text = std::getenv("OMP_NUM_THREADS");
  if (text == nullptr) return 0;
  const long value = std::strtol(text, nullptr, 10);
  return value > 0 ? static_cast<int>(std::min<long>(value, kMaxThreads)) : 0;
}

ThreadDefault find_machine_threads() {
  ThreadDefault result{affinity_count(), "the CPUs this process may run on"};
  const int quota = quota_count();
  if (quota > 0 && quota < result.count) result = {quota, "the container's CPU quota"};
  const int omp = omp_num_threads();
  if (omp > 0 && omp <= result.count) result = {omp, "OMP_NUM_THREADS"};
  return result;
}

const ThreadDefault& found_threads() {
  const ForkHold hold;  // a child that found this half done would wait for it for ever
  static const ThreadDefault found = find_machine_threads();
  return found;
}

int machine_count() {
  return std::min(found_threads().count, backend_limit());
}

}  // namespace

ThreadDefault machine_threads() {
  const ThreadDefault& found = found_threads();
  const int limit = backend_limit();
  if (limit < found.count) return {limit, "the OpenMP runtime (omp_set_num_threads, threadpoolctl)"};
  return found;
}

void set_num_threads(int threads) {
  check(threads >= 0 && threads <= kMaxThreads, "set_num_threads", "expected 1 to ", kMaxThreads,
        " threads (0: the default), got ", threads);
  setting = threads;
}

int num_threads_setting() {
  return setting;
}

bool calls_follow_closely() {
  return Clock::now() - last_call_ended < kClosely;
}

ThreadLease::ThreadLease(int asked, Index useful) {
  check(asked >= 0 && asked <= kMaxThreads, "threads", "expected 1 to ", kMaxThreads,
        " threads (0 or None: the default), got ", asked);
  const int wanted = asked > 0 ? asked : num_threads_setting();
  const int machine = machine_count();
  const ForkHold hold;
  const std::lock_guard<std::mutex> lock(lease_mutex);
  default_ = wanted == 0;
  if (!default_) {
    threads_ = wanted;
  } else {
    const int left = std::clamp(machine - leased, 1, uncrowded_threads());
    threads_ = static_cast<int>(std::clamp<Index>(useful, 1, left));
  }
  leased += threads_;
  most_ = threads_;
}

void ThreadLease::note(const TeamRun& run) {
  if (!default_) return;
  note_team(run);
  const int fewer = std::min(threads_, uncrowded_threads());
  if (fewer == threads_) return;
  const ForkHold hold;
  const std::lock_guard<std::mutex> lock(lease_mutex);
  leased -= threads_ - fewer;
  threads_ = fewer;
}

ThreadLease::~ThreadLease() {
  const int machine = machine_count();
  bool keep = true;
  {
    const ForkHold hold;
    const std::lock_guard<std::mutex> lock(lease_mutex);
    leased -= threads_;
    if (most_ > 1) {  // else there was no region
      const int others = kept - workers.count;
      keep = others + most_ <= std::max(machine, most_);
      workers.set(keep ? most_ - 1 : 0);
    }
  }
  if (!keep) release_workers();
  last_call_ended = Clock::now();
}

}  // namespace fastdnn
