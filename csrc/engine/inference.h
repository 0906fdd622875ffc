// Prediction and evaluation: a program without gradients over all rows of a feed, a chunk at a time.
#pragma once

#include <memory>

#include "engine/feed.h"
#include "engine/workspace.h"

namespace fastdnn {

// The sums over rows of the program's results, and where a source was not finite: then they mean nothing.
struct InferenceReport {
  std::vector<double> sums;
  std::optional<NonFinite> non_finite;
};

class Inference {
 public:
  Inference(std::shared_ptr<const Plan> plan, std::shared_ptr<Parameters> parameters);

  const Plan& plan() const { return *plan_; }

  // Writes the program's output for every row; `output` (rows, cols) of the model's type, or null where there
  // is none. Ends at the first chunk with a number that is not finite. Sees the parameters of one moment. The
  // bits of a row's prediction depend on nothing but the row. Safe to call from many threads at once. Throws
  // Interrupted after a Ctrl-C, where it is watched.
  InferenceReport run(const Feed& feed, std::byte* output, int threads, bool watch_interrupt);

 private:
  std::shared_ptr<const Plan> plan_;
  std::shared_ptr<Parameters> parameters_;
  WorkspacePool workspaces_;
  AlignedBuffer order_;  // int32, 0, 1, 2, ...: the rows of a chunk
};

}  // namespace fastdnn
