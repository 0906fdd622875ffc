#include "core/interrupt.h"

#include <pthread.h>

#include "core/fork.h"

namespace fastdnn {
namespace {

// Lock-free, as a signal handler needs.
std::atomic<bool> requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);

struct sigaction previous{};
int depth = 0;  // scopes of the main thread within each other

void on_interrupt(int signal, siginfo_t* info, void* context) {
  requested.store(true, std::memory_order_relaxed);
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    previous.sa_sigaction(signal, info, context);
  } else {
    previous.sa_handler(signal);
  }
}

// Whether there is a handler to chain to. Where SIGINT kills or is ignored, it goes on doing so.
bool has_handler(const struct sigaction& action) {
  return (action.sa_flags & SA_SIGINFO) != 0 ||
         (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
}

// A child that another thread forked off has no scope of ours any more.
void forget_scopes() {
  if (depth == 0) return;
  depth = 0;
  requested = false;
  if (has_handler(previous)) sigaction(SIGINT, &previous, nullptr);
}

const int hook = pthread_atfork(nullptr, nullptr, forget_scopes);

}  // namespace

InterruptScope::InterruptScope(bool active) : active_(active) {
  if (!active_) return;
  const ForkHold hold;  // a child finds the handlers as they are inside of a scope or outside, not between
  if (depth++ > 0) return;
  requested = false;
  sigaction(SIGINT, nullptr, &previous);
  if (!has_handler(previous)) return;
  struct sigaction ours{};
  ours.sa_sigaction = on_interrupt;
  ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&ours.sa_mask);
  sigaction(SIGINT, &ours, nullptr);
}

InterruptScope::~InterruptScope() {
  if (!active_) return;
  const ForkHold hold;
  if (--depth > 0) return;
  if (has_handler(previous)) sigaction(SIGINT, &previous, nullptr);
  requested = false;
}

void InterruptScope::forget() {
  requested = false;
}

const std::atomic<bool>* InterruptScope::flag() const {
  return active_ ? &requested : nullptr;
}

}  // namespace fastdnn
