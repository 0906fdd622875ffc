#include "bindings/measure.h"
#include "bindings/gil.h"

#include "core/check.h"

namespace fastdnn::bindings {
namespace {

thread_local Measurement* collecting = nullptr;

constexpr std::size_t kMostCalls = 256;  // each one is a few frames of the stack

}  // namespace

Measurement::Measurement(py::list calls, Index repeat, bool warm_up)
    : calls_(std::move(calls)), repeat_(repeat), warm_up_(warm_up) {
  check(collecting == nullptr, "measure", "expected calls of kernels, got a measurement inside of another");
  check(calls_.size() >= 1 && calls_.size() <= kMostCalls, "measure", "expected 1 to ", kMostCalls,
        " calls, got ", calls_.size());
  check(repeat_ >= 1, "measure", "expected repeat >= 1, got ", repeat_);
  collecting = this;
}

Measurement::~Measurement() {
  collecting = nullptr;
}

Measurement* Measurement::current() {
  return collecting;
}

double Measurement::run() {
  call_next();
  check(seconds_ >= 0, "measure", "expected calls that pass on their errors, got one that hides them");
  return seconds_;
}

void Measurement::add(int threads, const std::function<void(Team&)>& body) {
  check(!closed_, "measure", "expected one kernel in each call, got a second one");
  check(bodies_.empty() || threads == threads_, "measure",
        "expected the same number of threads in all calls, got ", threads_, " and ", threads);
  threads_ = threads;
  bodies_.push_back(&body);
  try {
    if (bodies_.size() < calls_.size()) {
      call_next();
    } else {
      time();
    }
  } catch (...) {
    closed_ = true;  // what was collected is gone with the calls that end now, even if one of them goes on
    throw;
  }
  closed_ = true;
}

void Measurement::call_next() {
  const std::size_t number = bodies_.size();
  calls_[number]();
  check(bodies_.size() > number, "measure",
        "expected a call of a kernel in each of the list, got none in number ", number);
}

void Measurement::time() {
  const auto all = [this](Team& team) {
    for (const std::function<void(Team&)>* body : bodies_) {
      (*body)(team);
      team.barrier();
    }
  };
  const auto prepare = [&](Team& team) {
    if (warm_up_) all(team);
  };
  const auto repeated = [&](Team& team) {
    for (Index i = 0; i < repeat_; ++i) all(team);
  };
  const WithoutGil release;
  seconds_ = time_on_team(threads_, 1, prepare, repeated).seconds.front();
}

std::shared_ptr<const AlignedBuffer> Measurement::scratch(Index bytes) {
  if (scratch_ == nullptr || scratch_->bytes() < bytes)
    scratch_ = std::make_shared<const AlignedBuffer>(bytes);
  return scratch_;
}

std::shared_ptr<const AlignedBuffer> kernel_scratch(Index bytes) {
  return collecting != nullptr ? collecting->scratch(bytes) : std::make_shared<const AlignedBuffer>(bytes);
}

}  // namespace fastdnn::bindings
