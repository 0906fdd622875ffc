// Programs that change nothing: predictions and evaluations over all rows of a feed, a chunk at a time; losses
// with their gradients, of one batch.
#pragma once

#include <memory>

#include "engine/call.h"
#include "engine/feed.h"
#include "engine/step_clock.h"
#include "engine/workspace.h"

namespace fastdnn {

// Where a run of a program writes, and what else it needs to know.
struct InferenceRequest {
  std::vector<std::byte*> outputs;  // one for each output of the program: (rows, cols) of the model's type
  std::byte* gradient = nullptr;    // laid out as theta, for a program that writes gradients
  std::uint64_t seed = 0;           // of what is random, and which step's draw
  std::uint32_t step = 0;
  int threads = 0;  // 0: the default
  bool watch_interrupt = false;
  CallHandler calls{};         // needed by a program that calls
  StepClock* clock = nullptr;  // entries: the plan's steps
};

// The sums over rows of the program's results, and where a source was not finite: then they mean nothing.
struct InferenceReport {
  std::vector<double> sums;
  std::optional<NonFinite> non_finite;
};

class Inference {
 public:
  Inference(std::shared_ptr<const Plan> plan, std::shared_ptr<Parameters> parameters);

  const Plan& plan() const { return *plan_; }
  const Parameters& parameters() const { return *parameters_; }

  // Writes the program's outputs for every row; with gradients, the rows must fit one batch of the plan. Ends
  // at the first chunk with a number that is not finite. Sees the parameters of one moment. The bits of a row's
  // prediction depend on nothing but the row. Safe to call from many threads at once, and out of a call. Throws
  // Interrupted after a Ctrl-C, where it is watched, and what a call throws.
  InferenceReport run(const Feed& feed, const InferenceRequest& request);

 private:
  class Region;

  void check_request(const InferenceRequest& request, Index rows) const;

  std::shared_ptr<const Plan> plan_;
  std::shared_ptr<Parameters> parameters_;
  WorkspacePool workspaces_;
  AlignedBuffer order_;  // int32, 0, 1, 2, ...: the rows of a chunk
};

}  // namespace fastdnn
