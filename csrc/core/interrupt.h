// What ends a long call early, before anything of the step it is at is written.
#pragma once

#include <atomic>
#include <csignal>

namespace fastdnn {

// What Team::poll throws after an interrupt, for the caller of the core to turn into its own.
struct Interrupted {};

// While it lives, SIGINT also raises a flag; the handler that was there before (Python's) is called too and is
// put back at the end. Only the main thread may own an active one.
class InterruptScope {
 public:
  explicit InterruptScope(bool active);
  ~InterruptScope();
  InterruptScope(const InterruptScope&) = delete;
  InterruptScope& operator=(const InterruptScope&) = delete;

  // For run_team: true from a Ctrl-C during the life of this scope until the last scope ends; null where this
  // scope is not active.
  const std::atomic<bool>* flag() const;

  // After the handlers of a Ctrl-C have run and raised nothing: whoever was interrupted begins again, also
  // inside of an outer scope.
  static void forget();

 private:
  bool active_;
};

}  // namespace fastdnn
