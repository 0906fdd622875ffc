// The flags that end a long call early, between steps and before anything is written.
#pragma once

#include <csignal>

namespace fastdnn {

// True after a Ctrl-C during the life of an active InterruptScope, until the last scope ends.
bool interrupt_requested();

// While it lives, SIGINT also raises the flag above; the handler that was there before (Python's) is called
// too and is put back at the end. Only the main thread may own an active one.
class InterruptScope {
 public:
  explicit InterruptScope(bool active);
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

 private:
  bool active_;
};

}  // namespace fastdnn
