// Times calls of kernels without the Python around them:
// a kernel of a microsecond is no longer than the call of it.
#pragma once

#include <memory>
#include <vector>

#include "bindings/register.h"
#include "core/aligned.h"
#include "core/timing.h"

namespace fastdnn::bindings {

// Collects what several calls would do, and does that again and again in one team.
//
// A kernel's binding checks its arrays and hands a function to `on_team`. While a measurement is
// collecting, that function is not run but noted, and the next call of the list is made from within,
// so that what the function refers to stays alive: the bindings of all calls are on the stack when
// the last one starts the team.
class Measurement {
 public:
  Measurement(py::list calls, Index repeat, bool warm_up);
  ~Measurement();
  Measurement(const Measurement&) = delete;
  Measurement& operator=(const Measurement&) = delete;

  // The one that is collecting in this Python thread, or null.
  static Measurement* current();

  double run();

  // For on_team.
  void add(int threads, const std::function<void(Team&)>& body);

  // One block for all calls, as the steps of a plan share one; a larger wish gets another.
  std::shared_ptr<const AlignedBuffer> scratch(Index bytes);

 private:
  void call_next();
  void time();

  const py::list calls_;
  const Index repeat_;
  const bool warm_up_;
  int threads_ = 0;
  double seconds_ = -1;  // until it is known
  bool closed_ = false;  // to further kernels
  std::vector<const std::function<void(Team&)>*> bodies_;
  std::shared_ptr<const AlignedBuffer> scratch_;
};

// Scratch of a kernel: the measurement's, or else a fresh block.
std::shared_ptr<const AlignedBuffer> kernel_scratch(Index bytes);

}  // namespace fastdnn::bindings
