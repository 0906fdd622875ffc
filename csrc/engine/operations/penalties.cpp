// What regularisers add to the loss, and its gradient in the same pass where a program has it.
#include "kernels/penalty.h"

#include <cmath>

#include "engine/operations/arguments.h"

namespace fastdnn {
namespace {

// Options: l1, l2, lq, q, over_rows: whether the terms are divided by the batch's rows.
Penalty terms_of(const Step& step, const StepContext& context) {
  const double scale = step.options[4] == 0 ? 1 : 1 / static_cast<double>(context.n);
  return {step.options[0] * scale, step.options[1] * scale, step.options[2] * scale, step.options[3]};
}

// Operands: partial sums, gradient or none, w.
template <class T>
void run_penalty(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  const Matrix<T> w = a.matrix(2);
  penalty_partials<T>(team, a.template pointer<double>(0), a.pointer(1), w.data, w.rows * w.cols,
                      terms_of(step, context), step.accumulate);
}

std::string no_penalty(const Sizes&, const Options& options) {
  const bool ok = options[0] >= 0 && options[1] >= 0 && options[2] >= 0 && options[3] >= 1;
  return ok ? "" : "factors >= 0 and q >= 1";
}

}  // namespace

std::vector<Operation> penalty_operations() {
  const std::vector<const char*> terms{"l1", "l2", "lq", "q", "over_rows"};
  const Runs run{run_penalty<float>, run_penalty<double>};
  return {
      Operation{"penalty", {"KM"}, {"11"}, run}.with_options(terms).unless(no_penalty).as_figure(),
      Operation{"penalty_backward", {"KM"}, {"KM"}, run}.adds().with_options(terms).unless(no_penalty),
  };
}

}  // namespace fastdnn
