// Many readers or one writer, where a waiting writer is not starved by ever new readers, and a fork waits for
// the writer: the child finds what the lock guards whole, and the lock open.
#pragma once

#include <mutex>
#include <new>
#include <shared_mutex>

#include "core/fork.h"

namespace fastdnn {

// Meets the standard's SharedMutex requirements as far as std::unique_lock and std::shared_lock use them.
class FairMutex {
 public:
  void lock() {
    hold_forks();
    const std::lock_guard<std::mutex> gate(gate_);  // readers who come now wait here
    open().lock();
  }
  void unlock() {
    mutex_.unlock();
    release_forks();
  }
  void lock_shared() {
    const ForkHold hold;  // until it is locked; a child does not mind the readers of its parent
    const std::lock_guard<std::mutex> gate(gate_);
    open().lock_shared();
  }
  void unlock_shared() { mutex_.unlock_shared(); }

 private:
  // In a forked child those who were reading in the parent will never unlock it.
  std::shared_mutex& open() {
    if (generation_ != fork_generation()) {
      new (&mutex_) std::shared_mutex;
      generation_ = fork_generation();
    }
    return mutex_;
  }

  std::mutex gate_;
  std::shared_mutex mutex_;
  std::uint32_t generation_ = fork_generation();
};

}  // namespace fastdnn
