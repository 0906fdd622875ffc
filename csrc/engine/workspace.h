// The memory of one run of a plan. A pool of them lets many predictions with one plan run at once.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "engine/plan.h"

namespace fastdnn {

class Workspace {
 public:
  Workspace(const Plan& plan, int threads);

  int threads() const { return threads_; }
  // What the steps need to know of this memory; the caller adds the rest.
  StepContext context(int rank) const;
  double* results() const { return reinterpret_cast<double*>(results_.data()); }

 private:
  int threads_;
  Index scratch_stride_;
  AlignedBuffer arena_;
  AlignedBuffer scratch_;
  AlignedBuffer results_;
};

class WorkspacePool {
 public:
  // One that serves at least this many threads, back in the pool at the end of its life.
  using Lease = std::unique_ptr<Workspace, std::function<void(Workspace*)>>;
  Lease lease(const Plan& plan, int threads);

 private:
  std::mutex mutex_;  // locked in a ForkHold
  std::vector<std::unique_ptr<Workspace>> idle_;
};

}  // namespace fastdnn
