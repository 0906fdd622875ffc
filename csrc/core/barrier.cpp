#include "core/barrier.h"

#include <chrono>
#include <thread>

#if defined(__linux__)
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <climits>
#include <ctime>
#endif

namespace fastdnn {
namespace {

// About 10 us of pauses: longer than the usual difference between threads of a well-cut step, far shorter
// than the time slice that a thread would waste when the other one is not running.
constexpr int kSpins = 400;
// About as long again in calls of the scheduler, where they return at once.
constexpr int kYields = 20;

// Sleeps until `word` is no longer `value`, somebody wakes it, or a few milliseconds are over. A sleeper
// looks again by itself, so that a thread which will never arrive is noticed.
void sleep_while(std::atomic<std::uint32_t>& word, std::uint32_t value) {
#if defined(__linux__)
  static_assert(sizeof(std::atomic<std::uint32_t>) == 4);
  constexpr timespec kLimit{0, 5'000'000};
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAIT_PRIVATE, value, &kLimit, nullptr, 0);
#else
  if (word.load() == value) std::this_thread::sleep_for(std::chrono::microseconds(50));
#endif
}

void wake_all(std::atomic<std::uint32_t>& word) {
#if defined(__linux__)
  syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr,
          0);
#else
  static_cast<void>(word);
#endif
}

// Adds the time from its beginning to its end, if it has begun.
class Waiting {
 public:
  explicit Waiting(std::atomic<std::int64_t>& sum) : sum_(sum) {}
  ~Waiting() {
    if (begin_ == Clock::time_point{}) return;
    const std::chrono::nanoseconds waited = Clock::now() - begin_;
    sum_.fetch_add(waited.count(), std::memory_order_relaxed);
  }
  Waiting(const Waiting&) = delete;
  Waiting& operator=(const Waiting&) = delete;
  void begin() { begin_ = Clock::now(); }

 private:
  using Clock = std::chrono::steady_clock;
  std::atomic<std::int64_t>& sum_;
  Clock::time_point begin_{};
};

}  // namespace

bool Barrier::wait(int size, const std::atomic<bool>& broken) {
  if (size == 1) return true;
  const std::uint32_t generation = generation_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == size - 1) {
    arrived_.store(0, std::memory_order_relaxed);
    // Sequentially consistent, as is the count of sleepers: either it is seen here,
    // or the sleeper sees the new number.
    generation_.store(generation + 1);
    if (sleepers_.load() > 0) wake_all(generation_);
    return true;
  }
  Waiting waiting(waited_);
  for (int turns = 0; generation_.load(std::memory_order_acquire) == generation; ++turns) {
    // Acquire: where it was set by a thread that had passed this barrier, the new number is seen, too.
    if (broken.load(std::memory_order_acquire)) {
      return generation_.load(std::memory_order_acquire) != generation;
    }
    if (turns == kSpins) waiting.begin();
    if (turns < kSpins) {
      cpu_relax();
    } else if (turns < kSpins + kYields) {
      std::this_thread::yield();
    } else {
      sleepers_.fetch_add(1);
      sleep_while(generation_, generation);
      sleepers_.fetch_sub(1);
    }
  }
  return true;
}

}  // namespace fastdnn
