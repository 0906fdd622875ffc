// Products and what comes with them: biases, sums over the batch, gradients that pass.
#include "engine/operations/arguments.h"
#include "kernels/activation.h"
#include "kernels/column_sum.h"
#include "kernels/gemm.h"
#include "kernels/normalize.h"

namespace fastdnn {
namespace {

// Operands: c, a, b, and of fused ones bias, mask.
template <class T>
Gemm<T> gemm_arguments(const Step& step, const StepContext& context) {
  const Arguments<T> a{step, context};
  Gemm<T> gemm{a.matrix(0), a.matrix(1), a.matrix(2)};
  gemm.epilogue = step.accumulate ? Epilogue::accumulate : step.epilogue;
  if (step.operands.size() > 3) gemm.bias = a.pointer(3);
  if (step.operands.size() > 4) gemm.mask = a.matrix(4);
  return gemm;
}

// By rows like all row-local steps, or, where that was not asked of it, along the longer side.
template <class T>
void run_product(const Step& step, const StepContext& context, Team& team, const Gemm<T>& arguments) {
  T* scratch = Arguments<T>{step, context}.scratch();
  step.row_local ? gemm_by_rows(team, arguments, scratch) : gemm(team, arguments, scratch);
}

template <class T>
void run_matmul(const Step& step, const StepContext& context, Team& team) {
  run_product(step, context, team, gemm_arguments<T>(step, context));
}

template <class T>
void run_matmul_dx(const Step& step, const StepContext& context, Team& team) {
  Gemm<T> arguments = gemm_arguments<T>(step, context);
  arguments.transpose_b = true;
  run_product(step, context, team, arguments);
}

template <class T>
void run_matmul_dw(const Step& step, const StepContext& context, Team& team) {
  Gemm<T> arguments = gemm_arguments<T>(step, context);
  arguments.transpose_a = true;
  run_product(step, context, team, arguments);
}

// Operands: sums, x.
template <class T>
void run_column_sum(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  column_sum<T>(team, a.pointer(0), a.matrix(1), step.accumulate);
}

// Operands: y, x, bias.
template <class T>
void run_add_bias(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  add_bias<T>(team, a.matrix(0), a.matrix(1), a.pointer(2));
}

// Operands: dx, dy.
template <class T>
void run_pass_gradient(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  pass_gradient<T>(team, a.matrix(0), a.matrix(1), step.accumulate);
}

// Operands: y, x, mean, std.
template <class T>
void run_normalize(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  normalize_forward<T>(team, a.matrix(0), a.matrix(1), a.pointer(2), a.pointer(3));
}

// Operands: dx, dy, std.
template <class T>
void run_normalize_backward(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  normalize_backward<T>(team, a.matrix(0), a.matrix(1), a.pointer(2), step.accumulate);
}

}  // namespace

std::vector<Operation> dense_operations() {
  return {
      Operation{"matmul", {"nK", "KM"}, {"nM"}, {run_matmul<float>, run_matmul<double>}}.rows(),
      Operation{"matmul_dx", {"nM", "KM"}, {"nK"}, {run_matmul_dx<float>, run_matmul_dx<double>}}
          .rows()
          .adds(),
      Operation{"matmul_dw", {"nK", "nM"}, {"KM"}, {run_matmul_dw<float>, run_matmul_dw<double>}}.adds(),
      Operation{"column_sum", {"nM"}, {"1M"}, {run_column_sum<float>, run_column_sum<double>}}.adds(),
      Operation{"add_bias", {"nM", "1M"}, {"nM"}, {run_add_bias<float>, run_add_bias<double>}}
          .rows()
          .in_place_of(0),
      Operation{"pass_gradient", {"nM"}, {"nM"}, {run_pass_gradient<float>, run_pass_gradient<double>}}
          .rows()
          .adds(),
      // The same for parameters: not cut with the batch's rows.
      Operation{"add_gradient", {"KM"}, {"KM"}, {run_pass_gradient<float>, run_pass_gradient<double>}}.adds(),
      Operation{"normalize", {"nM", "1M", "1M"}, {"nM"}, {run_normalize<float>, run_normalize<double>}}
          .rows()
          .in_place_of(0),
      Operation{"normalize_backward",
                {"nM", "1M"},
                {"nM"},
                {run_normalize_backward<float>, run_normalize_backward<double>}}
          .rows()
          .adds()
          .in_place_of(0),
  };
}

}  // namespace fastdnn
