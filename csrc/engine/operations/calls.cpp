// What leaves the engine, and what comes back into the model's state.
#include "engine/operations/arguments.h"
#include "kernels/activation.h"

namespace fastdnn {
namespace {

// Operands: state, its new value.
template <class T>
void run_assign(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  pass_gradient<T>(team, a.matrix(0), a.matrix(1), false);
}

}  // namespace

std::vector<Operation> call_operations() {
  return {
      Operation{"python"}.called(),
      Operation{"assign", {"KM"}, {"KM"}, {run_assign<float>, run_assign<double>}}.to_state(),
  };
}

}  // namespace fastdnn
