// Many readers or one writer, where a waiting writer is not starved by ever new readers.
#pragma once

#include <mutex>
#include <shared_mutex>

namespace fastdnn {

// Meets the standard's SharedMutex requirements as far as std::unique_lock and std::shared_lock use them.
class FairMutex {
 public:
  void lock() {
    const std::lock_guard<std::mutex> gate(gate_);  // readers who come now wait here
    mutex_.lock();
  }
  void unlock() { mutex_.unlock(); }
  void lock_shared() {
    const std::lock_guard<std::mutex> gate(gate_);
    mutex_.lock_shared();
  }
  void unlock_shared() { mutex_.unlock_shared(); }

 private:
  std::mutex gate_;
  std::shared_mutex mutex_;
};

}  // namespace fastdnn
