#include "engine/step.h"

#include <algorithm>

#include "engine/operations/arguments.h"
#include "kernels/chunks.h"
#include "kernels/gather.h"

namespace fastdnn {
namespace {

// What is not finite there ends the run before the update.
template <class T>
void run_gather(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  const bool finite = gather_features<T>(team, a.matrix(0), context.sources[step.slot], context.order, {});
  if (!finite) context.non_finite->store(true, std::memory_order_relaxed);
}

// Operand: the batch's labels, from the feed's own copy.
void run_gather_labels(const Step& step, const StepContext& context, Team& team) {
  using Label = std::int32_t;
  const Source& labels = context.sources[step.slot];
  const Matrix<const Label> x{static_cast<const Label*>(labels.data), labels.rows, labels.cols,
                              labels.row_stride};
  gather<Label>(team, Arguments<Label>{step, context}.matrix(0), x, context.order);
}

// The first thread adds them up, in double and in order of the rows.
template <class T>
void run_reduce(const Step& step, const StepContext& context, Team& team) {
  if (team.rank() != 0) return;
  const Arguments<T> a{step, context};
  const T* values = a.pointer(0);
  const T* weights = a.pointer(1);
  double sum = 0;
  for (Index r = 0; r < context.n; ++r) {
    sum += weights == nullptr ? static_cast<double>(values[r]) : static_cast<double>(values[r]) * weights[r];
  }
  context.results[step.slot] = sum;
}

// The first thread adds up what all threads left, in a tree; times the rows, as the figure counts for each.
template <class T>
void run_reduce_figure(const Step& step, const StepContext& context, Team& team) {
  if (team.rank() != 0) return;
  const double* partials = Arguments<T>{step, context}.template pointer<double>(0);
  const Index count =
      step.operands[0].cols * static_cast<Index>(sizeof(T)) / static_cast<Index>(sizeof(double));
  context.results[step.slot] = static_cast<double>(context.n) * tree_sum(partials, count);
}

}  // namespace

const Runs kGather{run_gather<float>, run_gather<double>};
const Runs kGatherLabels{run_gather_labels, run_gather_labels};
const Runs kReduce{run_reduce<float>, run_reduce<double>};
const Runs kReduceFigure{run_reduce_figure<float>, run_reduce_figure<double>};

bool Step::writes(int value) const {
  const auto end = values.begin() + outputs;
  return std::find(values.begin(), end, value) != end;
}

bool Step::touches(int value) const {
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace fastdnn
