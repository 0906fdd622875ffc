// Products of sparse sources, which are read where they lie, and the gradient of their weights.
#include "engine/operations/arguments.h"
#include "kernels/csr_matmul.h"

namespace fastdnn {
namespace {

void end_unless(bool good, const StepContext& context) {
  if (!good) context.non_finite->store(true, std::memory_order_relaxed);
}

// Operands: y, x, w, and of a fused one the bias.
template <class T>
void run_csr_matmul(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  const T* bias = step.operands.size() > 3 ? a.pointer(3) : nullptr;
  const Source& x = context.sources[step.slot];
  end_unless(csr_matmul<T>(team, a.matrix(0), x, context.order, a.matrix(2), bias), context);
}

// Operands: dw, x, dy.
template <class T>
void run_csr_matmul_dw(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  const Source& x = context.sources[step.slot];
  end_unless(csr_matmul_dw<T>(team, a.matrix(0), x, context.order, a.matrix(2), step.accumulate), context);
}

}  // namespace

std::vector<Operation> sparse_operations() {
  return {
      Operation{"csr_matmul", {"nKs", "KM"}, {"nM"}, {run_csr_matmul<float>, run_csr_matmul<double>}}.rows(),
      Operation{"csr_matmul_dw", {"nKs", "nM"}, {"KM"}, {run_csr_matmul_dw<float>, run_csr_matmul_dw<double>}}
          .adds(),
  };
}

}  // namespace fastdnn
