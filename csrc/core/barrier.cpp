#include "core/barrier.h"

#include <thread>

namespace fastdnn {
namespace {

// About 10 us of pauses: longer than the usual difference between threads of a well-cut step, far shorter
// than the time slice that a thread would waste when the other one is not running.
constexpr int kSpins = 400;

}  // namespace

bool Barrier::wait(int size, const std::atomic<bool>& broken) {
  if (size == 1) return !broken.load(std::memory_order_relaxed);
  const unsigned generation = generation_.load(std::memory_order_relaxed);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) == size - 1) {
    arrived_.store(0, std::memory_order_relaxed);
    generation_.store(generation + 1, std::memory_order_release);
    return !broken.load(std::memory_order_relaxed);
  }
  for (int spins = 0; generation_.load(std::memory_order_acquire) == generation; ++spins) {
    if (broken.load(std::memory_order_relaxed)) return false;
    if (spins < kSpins) {
      cpu_relax();
    } else {
      std::this_thread::yield();
    }
  }
  return !broken.load(std::memory_order_relaxed);
}

}  // namespace fastdnn
