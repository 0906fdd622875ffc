#include "core/fork.h"

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <thread>

namespace fastdnn {
namespace {

// Sequentially consistent: either a new hold sees the fork, or the fork sees the hold.
std::atomic<int> holds{0};
std::atomic<int> forks{0};  // under way
std::atomic<std::uint32_t> generation{0};

void pause() {
  std::this_thread::sleep_for(std::chrono::microseconds(20));
}

void before_fork() {
  ++forks;
  while (holds > 0) pause();
}

void in_parent() {
  --forks;
}

void in_child() {
  holds = 0;
  forks = 0;
  ++generation;
}

const int hook = pthread_atfork(before_fork, in_parent, in_child);

}  // namespace

void hold_forks() {
  for (;;) {
    ++holds;
    if (forks == 0) return;
    --holds;
    while (forks > 0) pause();
  }
}

void release_forks() {
  --holds;
}

std::uint32_t fork_generation() {
  return generation.load(std::memory_order_relaxed);
}

}  // namespace fastdnn
