// Training: whole epochs, or parts of one, in one parallel region; of a program that calls, in several.
#pragma once

#include <atomic>
#include <memory>
#include <utility>

#include "engine/call.h"
#include "engine/feed.h"
#include "engine/optimizer.h"
#include "engine/sampler.h"
#include "engine/step_clock.h"
#include "engine/workspace.h"

namespace fastdnn {

struct TrainerConfig {
  Index batch_size = 32;
  bool shuffle = true;
  std::uint64_t seed = 0;
};

// When a call ends before the epoch does.
struct RunLimits {
  double seconds = 0;  // 0: no limit; checked after each step
  int threads = 0;     // 0: the default
  bool watch_interrupt = false;
  Index steps = 0;               // 0: no limit
  CallHandler calls{};           // needed by a program that calls
  StepClock* clock = nullptr;    // entries: the plan's steps, the optimiser's update, the updates of states
  std::vector<Index> samples{};  // which of the run's steps, from 1 and ascending, are sampled
};

struct RunReport {
  enum class End : std::uint8_t { epoch_done, paused, interrupted, non_finite_loss, non_finite_source };
  End end = End::epoch_done;
  Index batch = 0;       // steps of this feed that are done
  int threads = 0;       // that ran
  NonFinite non_finite;  // where the sources have it
};

// What an epoch had: the sums over its rows of the results, and how many rows those are.
struct EpochTotals {
  std::vector<double> sums;
  Index rows = 0;
};

class Trainer {
 public:
  Trainer(std::shared_ptr<const Plan> plan, std::shared_ptr<Parameters> parameters,
          std::shared_ptr<Optimizer> optimizer, Feed feed, const TrainerConfig& config);

  const Plan& plan() const { return *plan_; }
  Index batches() const { return (feed_.rows() + config_.batch_size - 1) / config_.batch_size; }

  // Back to the first batch of an epoch: makes its order and forgets its sums.
  void begin_epoch(std::uint32_t epoch);

  // The epoch goes on with other rows, in the order in which they are: a batch that an iterator made. The plan
  // is one of the same program that has room for all of them; where it is another one, so is the batch size.
  void next_feed(std::shared_ptr<const Plan> plan, Feed feed);

  // What sampled steps run by: a plan of the same program that watches besides. Fused otherwise, it computes the
  // same bits. To be given before the first run with samples, and again where the batch size grows.
  void sample_by(std::shared_ptr<const Plan> plan);
  // Of the last run, one after the other: how many sampled steps were kept, Sampler::width() numbers of each.
  // Taken, they are gone: a call that is refused, and so samples nothing, leaves those of the one before.
  Index take_samples() { return std::exchange(samples_done_, 0); }
  const std::vector<double>& samples() const { return samples_; }
  Index sample_width() const { return sampler_->width(); }

  // Goes on from where the last call ended. A step that is not finished, by an interrupt, by what a call
  // throws, or a loss or a source that is not finite, leaves no trace: parameters, optimiser state and sums are
  // those of the last whole step. Observers see each step that is kept, once. `scalars` are the optimiser's: one
  // for all steps, or one for each that the limit of steps leaves.
  RunReport run(const std::vector<StepScalars>& scalars, const RunLimits& limits);
  // Whole epochs, `count` of them from `epoch` on, each begun and run as by itself; after limits.seconds no
  // further one is begun. The report is that of the last, which alone may not be whole. Of each whole one its
  // sums and rows are kept.
  RunReport run_epochs(const std::vector<StepScalars>& scalars, const RunLimits& limits, std::uint32_t epoch,
                       Index count);
  // Of the last `run_epochs`, one after the other.
  const std::vector<EpochTotals>& epochs() const { return epochs_; }
  void forget_epochs() {
    whole_epochs_ = 0;
    epochs_.clear();
  }
  // How many these are; to be asked at any time, by any thread.
  Index whole_epochs() const { return whole_epochs_; }

  // Of the next step: where its rows are in the feed.
  std::vector<Index> next_rows() const;
  // Steps until the feed is over.
  Index steps_left() const { return batches() - batch_; }
  const Optimizer& optimizer() const { return *optimizer_; }

  // Of the steps done in this epoch: the sum over rows (weighted where the result is) of each result.
  const std::vector<double>& sums() const { return sums_; }
  // How many rows those are.
  Index rows_done() const { return rows_done_; }

 private:
  class Region;
  // What a step runs by.
  struct Way {
    const Plan* plan = nullptr;
    Workspace* workspace = nullptr;
  };

  Index rows_of_batch(Index batch) const;
  const std::int32_t* order_of_batch(Index batch) const;
  void keep_order();
  WorkspacePool::Lease prepare_samples(const RunLimits& limits, int threads);

  std::shared_ptr<const Plan> plan_;
  std::shared_ptr<Parameters> parameters_;
  std::shared_ptr<Optimizer> optimizer_;
  Feed feed_;
  TrainerConfig config_;
  std::unique_ptr<WorkspacePool> workspaces_;
  StaggeredBuffer gradient_;
  AlignedBuffer order_;  // int32, the rows of the epoch, or more of them
  Index batch_ = 0;      // the next one
  std::vector<double> sums_;
  Index rows_done_ = 0;
  std::unique_ptr<Sampler> sampler_;
  std::unique_ptr<WorkspacePool> sampler_workspaces_;
  std::vector<EpochTotals> epochs_;
  std::atomic<Index> whole_epochs_{0};
  std::vector<double> samples_;  // room for those of a run
  Index samples_done_ = 0;
};

}  // namespace fastdnn
