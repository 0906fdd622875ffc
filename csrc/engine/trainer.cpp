#include "engine/trainer.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <mutex>
#include <numeric>
#include <utility>

#include "core/check.h"
#include "core/interrupt.h"
#include "core/philox.h"
#include "core/threads.h"

namespace fastdnn {

Trainer::Trainer(std::shared_ptr<const Plan> plan, std::shared_ptr<Parameters> parameters,
                 std::shared_ptr<Optimizer> optimizer, Feed feed, const TrainerConfig& config)
    : plan_(std::move(plan)),
      parameters_(std::move(parameters)),
      optimizer_(std::move(optimizer)),
      feed_(std::move(feed)),
      config_(config),
      workspaces_(std::make_unique<WorkspacePool>()),
      sums_(plan_->program().results().size()) {
  check(config.batch_size >= 1 && config.batch_size <= plan_->max_batch(), "Trainer",
        "expected a batch size of 1 to ", plan_->max_batch(), ", got ", config.batch_size);
  check(plan_->program().outputs().empty(), "Trainer", "expected a program without outputs");
  check(feed_.rows() < (Index{1} << 31), "Trainer", "expected fewer than 2^31 rows, got ", feed_.rows());
  gradient_ = StaggeredBuffer(parameters_->theta.elements() * size_of(parameters_->dtype), 1);
  order_ = AlignedBuffer(feed_.rows() * size_of(Dtype::i32));
  begin_epoch(0);
}

void Trainer::begin_epoch(std::uint32_t epoch) {
  if (config_.shuffle) {
    random_permutation(reinterpret_cast<std::int32_t*>(order_.data()), feed_.rows(), config_.seed, epoch);
  } else {
    keep_order();
  }
  batch_ = 0;
  rows_done_ = 0;
  std::fill(sums_.begin(), sums_.end(), 0.0);
}

void Trainer::next_feed(std::shared_ptr<const Plan> plan, Feed feed) {
  check(!config_.shuffle && feed.rows() <= plan->max_batch(), "Trainer",
        "expected a trainer that does not shuffle, and batches of at most ", plan->max_batch(), " rows, got ",
        feed.rows());
  if (plan != plan_) {
    check(plan->dtype() == plan_->dtype() && plan->program().results().size() == sums_.size() &&
              plan->program().outputs().empty(),
          "Trainer", "expected a plan of the same program");
    workspaces_ = std::make_unique<WorkspacePool>();
    plan_ = std::move(plan);
    config_.batch_size = plan_->max_batch();
  }
  const Index order_bytes = feed.rows() * size_of(Dtype::i32);
  if (order_bytes > order_.bytes()) order_ = AlignedBuffer(order_bytes);
  feed_ = std::move(feed);
  keep_order();
  batch_ = 0;
}

void Trainer::sample_by(std::shared_ptr<const Plan> plan) {
  check(plan->dtype() == plan_->dtype() && plan->program().results().size() == sums_.size() &&
            plan->stretches().size() == plan_->stretches().size() &&
            plan->gradient_segments() == plan_->gradient_segments() && plan->program().outputs().empty(),
        "Trainer", "expected a plan of the same program to sample by");
  sampler_ = std::make_unique<Sampler>(std::move(plan), *parameters_);
  sampler_workspaces_ = std::make_unique<WorkspacePool>();
}

void Trainer::keep_order() {
  auto* order = reinterpret_cast<std::int32_t*>(order_.data());
  std::iota(order, order + feed_.rows(), 0);
}

const std::int32_t* Trainer::order_of_batch(Index batch) const {
  return reinterpret_cast<const std::int32_t*>(order_.data()) + batch * config_.batch_size;
}

Index Trainer::rows_of_batch(Index batch) const {
  return std::min(config_.batch_size, feed_.rows() - batch * config_.batch_size);
}

std::vector<Index> Trainer::next_rows() const {
  if (steps_left() == 0) return {};
  const std::int32_t* order = order_of_batch(batch_);
  return {order, order + rows_of_batch(batch_)};
}

// What the threads of one call share. Rank 0 writes it between barriers, the others read it after them.
class Trainer::Region final : public Regions {
 public:
  Region(Trainer& trainer, const std::vector<StepScalars>& scalars, const RunLimits& limits, Way way,
         Way sampled_way, bool may_shrink)
      : t_(trainer),
        scalars_(scalars),
        limits_(limits),
        way_(way),
        sampled_way_(sampled_way),
        may_shrink_(may_shrink),
        sources_(trainer.feed_.at_row(0)),
        first_(trainer.batch_),
        from_{trainer.batch_, 0},
        first_iteration_(trainer.optimizer_->iterations() - trainer.batch_),
        deadline_(std::chrono::steady_clock::now() +
                  std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                      std::chrono::duration<double>(limits.seconds))) {}

  RunReport::End end() const { return end_; }

  // Each thread's: steps until the epoch or this run ends, or a call is due.
  void region(Team& team) override {
    std::size_t stretch = from_.stretch;
    for (Index batch = from_.batch; batch < t_.batches(); ++batch, stretch = 0) {
      const bool sampled = is_sampled(batch);
      const Plan& plan = *way_of(batch).plan;
      compute(team, batch, stretch);
      if (plan.stretches()[stretch].calls) return come_to(team, {batch, stretch}, Due::call);
      std::unique_lock<FairMutex> writing;
      if (team.rank() == 0) {
        writing = decide(batch);
        fewer_threads_ = may_shrink_ && team.waits_mostly();
      }
      team.barrier();             // not passed where a thread was interrupted in its part of the step
      const bool write = write_;  // copies: after the next barrier rank 0 may be at its next decision
      const bool last = end_ == RunReport::End::paused;
      const bool fewer_threads = fewer_threads_;
      if (!write) return;
      if (team.rank() == 0) count(batch);
      if (sampled) t_.sampler_->before_update(team, context_of(team.rank(), batch), next_sample());
      update(team, batch);
      team.barrier();
      if (sampled) sample_update(team, batch);
      if (team.rank() == 0) t_.optimizer_->count_step(scalars_of(batch));
      if (last && plan.observers().empty()) return;
      if (fewer_threads || !plan.observers().empty()) return come_to(team, {batch, stretch}, Due::step_end);
    }
  }

  bool between() override {
    const Due due = std::exchange(due_, Due::nothing);
    if (due == Due::nothing) return false;
    const StepContext context = context_of(0, at_.batch);
    const Plan& plan = *way_of(at_.batch).plan;
    if (due == Due::step_end) {
      call_observers(plan, context, limits_.calls);
      from_ = {at_.batch + 1, 0};
      return end_ != RunReport::End::paused && from_.batch < t_.batches();
    }
    if (non_finite_) {  // what is called sees no such numbers
      stop(RunReport::End::non_finite_source);
      return false;
    }
    from_ = {at_.batch, make_calls(plan, at_.stretch, context, limits_.calls, limits_.clock)};
    return true;
  }

 private:
  struct Position {
    Index batch = 0;
    std::size_t stretch = 0;
  };
  enum class Due : std::uint8_t { nothing, call, step_end };

  // The region ends here: rank 0 says for what.
  void come_to(const Team& team, Position at, Due due) {
    if (team.rank() != 0) return;
    at_ = at;
    due_ = due;
  }

  bool is_sampled(Index batch) const {
    const std::vector<Index>& samples = limits_.samples;
    return !samples.empty() && std::binary_search(samples.begin(), samples.end(), batch + 1 - first_);
  }

  const Way& way_of(Index batch) const { return is_sampled(batch) ? sampled_way_ : way_; }

  double* next_sample() { return t_.samples_.data() + t_.samples_done_ * t_.sampler_->width(); }

  // By all, after the update's barrier; by the next one nobody reads what rank 0 counts.
  void sample_update(Team& team, Index batch) {
    t_.sampler_->after_update(team, context_of(team.rank(), batch), next_sample());
    team.barrier();
    if (team.rank() == 0) ++t_.samples_done_;
  }

  StepContext context_of(int rank, Index batch) {
    StepContext context = way_of(batch).workspace->context(rank);
    context.theta = t_.parameters_->theta.data();
    context.sigma = t_.parameters_->sigma.data();
    context.gradient = t_.gradient_.data();
    context.sources = sources_.data();
    context.order = t_.order_of_batch(batch);
    context.non_finite = &non_finite_;
    context.n = t_.rows_of_batch(batch);
    context.seed = t_.config_.seed;
    context.step = static_cast<std::uint32_t>(first_iteration_ + batch);
    return context;
  }

  // Forward and backward, as far as one stretch: gradients and results of one batch.
  void compute(Team& team, Index batch, std::size_t stretch) {
    const StepContext context = context_of(team.rank(), batch);
    const Plan& plan = *way_of(batch).plan;
    run_stretch(plan, plan.stretches()[stretch], context, team, limits_.clock);
  }

  const StepScalars& scalars_of(Index batch) const {
    return scalars_[scalars_.size() == 1 ? 0 : static_cast<std::size_t>(batch - first_)];
  }

  // All that a kept step writes: parameters, the optimiser's state, states.
  void update(Team& team, Index batch) {
    const StepContext context = context_of(team.rank(), batch);
    const Plan& plan = *way_of(batch).plan;
    std::size_t entry = plan.steps().size();
    timed(team, entry++, [&] {
      t_.optimizer_->update(team, t_.gradient_.data(), plan.gradient_segments(), scalars_of(batch));
    });
    for (const Step& step : plan.updates()) {
      timed(team, entry++, [&] { step.run(step, context, team); });
    }
  }

  template <class Body>
  void timed(Team& team, std::size_t entry, const Body& body) {
    if (limits_.clock == nullptr) return body();
    limits_.clock->time(team, entry, body);
  }

  // Rank 0's: whether this step is written, and whether it is the call's last one.
  // Returns the lock under which the parameters are written.
  std::unique_lock<FairMutex> decide(Index batch) {
    write_ = true;
    if (non_finite_) return stop(RunReport::End::non_finite_source);
    const std::vector<Result>& results = t_.plan_->program().results();
    const double* sums = way_of(batch).workspace->results();
    for (std::size_t i = 0; i < results.size(); ++i) {
      if (results[i].loss && !std::isfinite(sums[i])) return stop(RunReport::End::non_finite_loss);
    }
    const bool late = limits_.seconds > 0 && std::chrono::steady_clock::now() >= deadline_;
    const bool enough = limits_.steps > 0 && batch + 1 - first_ >= limits_.steps;
    const bool more = batch + 1 < t_.batches();
    end_ = (late || enough) && more ? RunReport::End::paused : RunReport::End::epoch_done;
    return std::unique_lock<FairMutex>(t_.parameters_->mutex);
  }

  // Rank 0's, once it is certain that the step is written.
  void count(Index batch) {
    const double* sums = way_of(batch).workspace->results();
    for (std::size_t i = 0; i < t_.sums_.size(); ++i) t_.sums_[i] += sums[i];
    t_.rows_done_ += t_.rows_of_batch(batch);
    t_.batch_ = batch + 1;
  }

  std::unique_lock<FairMutex> stop(RunReport::End end) {
    write_ = false;
    end_ = end;
    return {};
  }

  Trainer& t_;
  const std::vector<StepScalars>& scalars_;
  const RunLimits& limits_;
  const Way way_, sampled_way_;
  const bool may_shrink_;  // the team
  const std::vector<Source> sources_;
  const Index first_;  // step of this run
  // Where the next region begins: written between regions, read by all threads in them.
  Position from_;
  // Where one has ended, and why: written by rank 0, read between regions.
  Position at_;
  Due due_ = Due::nothing;
  // Of the epoch's first batch: rank 0 counts on while others still work.
  const std::int64_t first_iteration_;
  std::atomic<bool> non_finite_{false};
  const std::chrono::steady_clock::time_point deadline_;
  bool write_ = true;
  bool fewer_threads_ = false;  // the team is to be made anew after this step
  RunReport::End end_ = RunReport::End::epoch_done;
};

// All that sampled steps need of memory; none where there are none.
WorkspacePool::Lease Trainer::prepare_samples(const RunLimits& limits, int threads) {
  samples_done_ = 0;
  if (limits.samples.empty()) return {};
  const bool ascending = std::is_sorted(limits.samples.begin(), limits.samples.end(), std::less_equal<>{});
  check(ascending && limits.samples[0] >= 1 && sampler_ != nullptr, "Trainer",
        "expected ascending numbers of steps, and a plan that they are sampled by");
  check(sampler_->plan()->max_batch() >= config_.batch_size, "Trainer", "expected a plan for batches of ",
        config_.batch_size, " rows to sample by, got ", sampler_->plan()->max_batch());
  sampler_->prepare(threads);
  samples_.resize(limits.samples.size() * static_cast<std::size_t>(sampler_->width()));
  return sampler_workspaces_->lease(*sampler_->plan(), threads);
}

RunReport Trainer::run(const std::vector<StepScalars>& scalars, const RunLimits& limits) {
  check(limits.steps >= 0, "Trainer", "expected a limit of steps >= 0, got ", limits.steps);
  check(limits.seconds >= 0 && limits.seconds <= 1e6, "Trainer", "expected a time limit of 0 to 1e6 s, got ",
        limits.seconds);
  check_handler(limits.calls, *plan_);
  const Index left = steps_left();
  const Index steps = limits.steps > 0 ? std::min(left, limits.steps) : left;
  const auto rows = static_cast<Index>(scalars.size());
  check(rows == 1 || rows == steps, "Trainer", "expected the optimiser's scalars once, or for each of ",
        steps, " steps, got ", rows, " rows");
  ThreadLease threads(limits.threads,
                      plan_->useful_threads(config_.batch_size, steps, calls_follow_closely()));
  const InterruptScope interrupts(limits.watch_interrupt);
  const WorkspacePool::Lease workspace = workspaces_->lease(*plan_, threads.threads());
  const WorkspacePool::Lease sampling = prepare_samples(limits, threads.threads());
  Region region(*this, scalars, limits, {plan_.get(), workspace.get()},
                sampling == nullptr ? Way{} : Way{sampler_->plan().get(), sampling.get()},
                threads.is_default());
  RunReport report;
  try {
    report.threads = region.run(threads, interrupts.flag());
    report.end = region.end();
  } catch (const Interrupted&) {
    report.end = RunReport::End::interrupted;
    report.threads = threads.threads();
  }
  report.batch = batch_;
  if (report.end == RunReport::End::non_finite_source) {
    report.non_finite = feed_.find_non_finite(0, order_of_batch(batch_), rows_of_batch(batch_));
  }
  return report;
}

RunReport Trainer::run_epochs(const std::vector<StepScalars>& scalars, const RunLimits& limits,
                              std::uint32_t epoch, Index count) {
  check(
      scalars.size() == 1 && limits.steps == 0 && limits.samples.empty() && count >= 1, "Trainer",
      "expected one or more epochs with the optimiser's scalars once, without a limit of steps, or samples");
  const InterruptScope interrupts(limits.watch_interrupt);  // also between two of them
  const auto begun = std::chrono::steady_clock::now();
  RunLimits unlimited = limits;
  unlimited.seconds = 0;
  forget_epochs();
  epochs_.reserve(static_cast<std::size_t>(std::min<Index>(count, 1024)));
  RunReport report;
  while (static_cast<Index>(epochs_.size()) < count) {
    begin_epoch(epoch + static_cast<std::uint32_t>(epochs_.size()));
    report = run(scalars, unlimited);
    if (report.end != RunReport::End::epoch_done) break;
    epochs_.push_back({sums_, rows_done_});
    ++whole_epochs_;
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begun;
    if (limits.seconds > 0 && taken.count() >= limits.seconds) break;
  }
  return report;
}

}  // namespace fastdnn
