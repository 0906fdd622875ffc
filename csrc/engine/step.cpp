#include "engine/step.h"

#include <algorithm>

#include "engine/operations/arguments.h"
#include "kernels/gather.h"

namespace fastdnn {
namespace {

template <class T>
void run_gather(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  gather<T>(team, a.matrix(0), a.matrix(1), context.order);
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

}  // namespace

const Runs kGather{run_gather<float>, run_gather<double>};
const Runs kGatherLabels{run_gather<std::int32_t>, run_gather<std::int32_t>};
const Runs kReduce{run_reduce<float>, run_reduce<double>};

bool Step::writes(int value) const {
  const auto end = values.begin() + outputs;
  return std::find(values.begin(), end, value) != end;
}

bool Step::touches(int value) const {
  return std::find(values.begin(), values.end(), value) != values.end();
}

}  // namespace fastdnn
