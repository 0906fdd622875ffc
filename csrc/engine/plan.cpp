#include "engine/plan.h"

#include <algorithm>
#include <set>

#include "core/check.h"
#include "engine/fuse.h"
#include "engine/memory_plan.h"
#include "engine/schedule.h"
#include "kernels/gemm.h"

namespace fastdnn {
namespace {

// Work that pays for one more thread between two barriers: 10 us of a fast core, 40 us of a slow one.
constexpr Index kFlopsPerThread = 800'000;
// And in a region of its own, whose threads may have to be woken: some 100 us.
constexpr Index kFlopsPerStart = 8'000'000;
// And in one whose threads still spin: a few us.
constexpr Index kFlopsPerWarmStart = 1'000'000;
// What writing an element of a large table takes of the time of so many.
constexpr Index kFlopsPerElement = 16;

}  // namespace

// Fuses and orders the steps, then gives their operands a place.
class PlanBuilder {
 public:
  PlanBuilder(Plan& plan, const Parameters& parameters)
      : plan_(plan), program_(plan.program_), parameters_(parameters) {}

  void build() {
    check_segments();
    FusedSteps fused = fuse(program_, plan_.dtype_, plan_.max_batch_);
    plan_.values_ = std::move(fused.values);
    plan_.steps_ = std::move(fused.steps);
    plan_.updates_ = std::move(fused.updates);
    plan_.observers_ = std::move(fused.observers);
    plan_.watches_ = std::move(fused.watches);
    schedule(plan_.steps_);
    place_values();
    finish();
    cut_at_calls();
  }

 private:
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }

  void check_segments() const {
    for (const Value& value : program_.values()) {
      if (value.role == Role::computed || value.role == Role::source) continue;
      const FlatVector& vector = value.role == Role::state ? parameters_.sigma : parameters_.theta;
      const auto slot = static_cast<std::size_t>(value.slot);
      check(slot < vector.segments().size() && vector.segments()[slot].size == value.rows * value.cols,
            "Plan", "expected '", value.name, "' to be a segment of ", value.rows * value.cols, " elements");
    }
  }

  const Value& value_at(int value) const { return plan_.values_[at(value)]; }

  bool in_arena(int value) const {
    const Role role = value_at(value).role;
    if (value_at(value).sparse) return false;
    return role == Role::source || (role == Role::computed && program_.output_slot(value) < 0);
  }

  // A value lives from the phase that writes it to the last one that reads it, a phase being what lies
  // between two barriers: within one, threads may be at different steps. A call has one of its own. Updates of
  // states come last, and after them who looks on; what is watched lives as long.
  void place_values() {
    std::vector<Lifetime> lives(plan_.values_.size());
    std::vector<bool> seen(plan_.values_.size());
    int phase = 0;
    const auto live = [&](const Step& step) {
      for (const int value : step.values) {
        if (value < 0 || !in_arena(value)) continue;
        Lifetime& life = lives[at(value)];
        if (!seen[at(value)]) life = {bytes_of(value_at(value)), phase, phase};
        seen[at(value)] = true;
        life.last = phase;
      }
    };
    for (const Step& step : plan_.steps_) {
      if (step.barrier_before) ++phase;
      live(step);
    }
    ++phase;
    for (const Step& step : plan_.updates_) live(step);
    ++phase;
    for (const Step& step : plan_.observers_) live(step);
    for (const Step& step : plan_.watches_) live(step);
    const MemoryPlan memory = plan_memory(lives);
    offsets_ = memory.offsets;
    plan_.arena_bytes_ = memory.bytes;
  }

  Index bytes_of(const Value& v) const {
    const Index rows = v.rows == 0 ? plan_.max_batch_ : v.rows;
    const Index size = v.integer ? size_of(Dtype::i32) : size_of(plan_.dtype_);
    return checked_mul(checked_mul(rows, v.cols, "Plan"), size, "Plan");
  }

  Operand operand_of(int value) const {
    if (value < 0) return {};
    const Value& v = value_at(value);
    const auto place = [&](Space space, Index offset) {
      return Operand{space, v.integer ? Dtype::i32 : plan_.dtype_, offset, v.rows, v.cols};
    };
    const auto segment = [&](const FlatVector& vector) {
      return vector.segments()[static_cast<std::size_t>(v.slot)].offset * size_of(plan_.dtype_);
    };
    if (in_arena(value)) return place(Space::arena, offsets_[at(value)]);
    if (v.sparse) return place(Space::none, 0);
    switch (v.role) {
      case Role::parameter:
        return place(Space::theta, segment(parameters_.theta));
      case Role::gradient:
        return place(Space::gradient, segment(parameters_.theta));
      case Role::state:
        return place(Space::sigma, segment(parameters_.sigma));
      case Role::source:
      case Role::computed:
        break;
    }
    return place(Space::output, program_.output_slot(value));
  }

  // What a thread needs: to pack the blocks of a product, or what the operation says.
  template <class T>
  Index scratch_bytes(const Step& step) const {
    if (step.product == Product::none) {
      const auto own = step.ops.empty() ? nullptr : program_.ops()[at(step.ops[0])].operation->scratch_bytes;
      return own == nullptr ? 0 : own(step, plan_.max_batch_);
    }
    const bool transpose_a = step.product == Product::tn;
    const auto rows = [&](const Operand& operand) {
      return operand.rows == 0 ? plan_.max_batch_ : operand.rows;
    };
    const Index k = transpose_a ? rows(step.operands[1]) : step.operands[1].cols;
    return gemm_scratch_size<T>(rows(step.operands[0]), step.operands[0].cols, k, transpose_a,
                                step.product == Product::nt) *
           size_of(plan_.dtype_);
  }

  void bind(Step& step, std::set<int>& segments) const {
    step.operands.resize(step.values.size());
    for (std::size_t i = 0; i < step.values.size(); ++i) {
      const int value = step.values[i];
      step.operands[i] = operand_of(value);
      if (value >= 0 && value_at(value).role == Role::gradient) segments.insert(value_at(value).slot);
    }
    plan_.scratch_bytes_ =
        std::max(plan_.scratch_bytes_,
                 plan_.dtype_ == Dtype::f64 ? scratch_bytes<double>(step) : scratch_bytes<float>(step));
  }

  void finish() {
    std::set<int> segments;
    for (Step& step : plan_.steps_) bind(step, segments);
    for (Step& step : plan_.updates_) bind(step, segments);
    for (Step& step : plan_.observers_) bind(step, segments);
    for (Step& step : plan_.watches_) bind(step, segments);
    plan_.gradient_segments_.assign(segments.begin(), segments.end());
    for (const Step& step : plan_.steps_) {
      plan_.flops_per_row_ += step.flops_per_row;
      plan_.elements_ += step.elements;
      plan_.phases_ += step.barrier_before ? 1 : 0;
    }
  }

  void cut_at_calls() {
    Stretch stretch;
    for (std::size_t i = 0; i < plan_.steps_.size(); ++i) {
      stretch.last = i;
      stretch.calls = plan_.steps_[i].call >= 0;
      if (!stretch.calls) continue;
      plan_.stretches_.push_back(stretch);
      stretch = {i + 1, i + 1, false};
    }
    plan_.stretches_.push_back({stretch.first, plan_.steps_.size(), false});
  }

  Plan& plan_;
  const Program& program_;
  const Parameters& parameters_;
  std::vector<Index> offsets_;
};

Plan::Plan(Program program, const Parameters& parameters, Index max_batch)
    : program_(std::move(program)), dtype_(parameters.dtype), max_batch_(max_batch) {
  check(max_batch >= 1 && max_batch < (Index{1} << 31), "Plan",
        "expected a batch of 1 to 2^31 - 1 rows, got ", max_batch);
  PlanBuilder(*this, parameters).build();
}

Index Plan::flops(Index n) const {
  return flops_per_row_ * n + kFlopsPerElement * elements_;
}

Index Plan::useful_threads(Index n, Index runs, bool warm) const {
  const Index start = warm ? kFlopsPerWarmStart : kFlopsPerStart;
  // One region for all runs, or several for each.
  const auto regions = static_cast<Index>(stretches_.size());
  const Index each = calls() ? flops(n) / (regions * start) : flops(n) * runs / start;
  const Index useful = std::min(flops(n) / (phases_ * kFlopsPerThread), each);
  return std::max<Index>(1, std::min(useful, n));
}

}  // namespace fastdnn
