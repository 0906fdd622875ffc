#include "engine/step.h"

#include <algorithm>

#include "kernels/accuracy.h"
#include "kernels/activation.h"
#include "kernels/column_sum.h"
#include "kernels/cross_entropy.h"
#include "kernels/gather.h"
#include "kernels/gemm.h"
#include "kernels/normalize.h"
#include "kernels/softmax.h"
#include "kernels/squared_error.h"

namespace fastdnn {
namespace {

// The operands of a step as the kernels want them.
template <class T>
struct Arguments {
  const Step& step;
  const StepContext& context;

  std::byte* address(const Operand& operand) const {
    switch (operand.space) {
      case Space::none:
        return nullptr;
      case Space::arena:
        return context.arena + operand.offset;
      case Space::theta:
        return context.theta + operand.offset;
      case Space::gradient:
        return context.gradient + operand.offset;
      case Space::sigma:
        return context.sigma + operand.offset;
      case Space::source:
        // Kernels take sources as inputs only; the const comes back with the view's type.
        return static_cast<std::byte*>(const_cast<void*>(context.sources[operand.offset].data));
      case Space::output:
        return context.output;
    }
    return nullptr;
  }
  template <class U = T>
  U* pointer(int i) const {
    return reinterpret_cast<U*>(address(step.operands[static_cast<std::size_t>(i)]));
  }
  template <class U = T>
  Matrix<U> matrix(int i) const {
    const Operand& operand = step.operands[static_cast<std::size_t>(i)];
    const Index rows = operand.rows == 0 ? context.n : operand.rows;
    return {pointer<U>(i), operand.space == Space::none ? 0 : rows, operand.cols, operand.cols};
  }
  T* scratch() const { return reinterpret_cast<T*>(context.scratch); }
  // The factor of a row's loss in the batch's: one over the number of rows.
  T scale() const { return static_cast<T>(1.0 / static_cast<double>(context.n)); }
};

// Operand: the batch's rows of a source of any type. What is not finite there ends the run before the update.
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

// Operands: row results; weights or none. The first thread adds them up, in double and in order of the rows.
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

// Operands: c, a, b, bias, mask.
template <class T>
Gemm<T> gemm_arguments(const Step& step, const StepContext& context) {
  const Arguments<T> a{step, context};
  Gemm<T> gemm{a.matrix(0), a.matrix(1), a.matrix(2)};
  gemm.epilogue = step.accumulate ? Epilogue::accumulate : step.epilogue;
  gemm.bias = a.pointer(3);
  gemm.mask = a.matrix(4);
  return gemm;
}

template <class T>
void run_gemm_nn(const Step& step, const StepContext& context, Team& team) {
  gemm_by_rows(team, gemm_arguments<T>(step, context), Arguments<T>{step, context}.scratch());
}

template <class T>
void run_gemm_nt(const Step& step, const StepContext& context, Team& team) {
  Gemm<T> gemm = gemm_arguments<T>(step, context);
  gemm.transpose_b = true;
  gemm_by_rows(team, gemm, Arguments<T>{step, context}.scratch());
}

template <class T>
void run_gemm_tn(const Step& step, const StepContext& context, Team& team) {
  Gemm<T> arguments = gemm_arguments<T>(step, context);
  arguments.transpose_a = true;
  gemm(team, arguments, Arguments<T>{step, context}.scratch());
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

// Operands: y, x.
template <class T>
void run_relu(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  relu_forward<T>(team, a.matrix(0), a.matrix(1));
}

// Operands: dx, y, dy.
template <class T>
void run_relu_backward(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  relu_backward<T>(team, a.matrix(0), a.matrix(1), a.matrix(2), step.accumulate);
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

// Operands: y, x.
template <class T>
void run_softmax(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  softmax_forward<T>(team, a.matrix(0), a.matrix(1));
}

// Operands: dx, y, dy.
template <class T>
void run_softmax_backward(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  softmax_backward<T>(team, a.matrix(0), a.matrix(1), a.matrix(2), step.accumulate);
}

// Operands of the losses: row_loss, gradient or none, prediction, target, weights or none.
template <class T>
void run_sparse_cross_entropy(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  sparse_cross_entropy<T>(team, a.pointer(0), a.matrix(1), a.matrix(2), a.template pointer<std::int32_t>(3),
                          a.pointer(4), a.scale());
}

template <class T>
void run_categorical_cross_entropy(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  categorical_cross_entropy<T>(team, a.pointer(0), a.matrix(1), a.matrix(2), a.matrix(3), a.pointer(4),
                               a.scale());
}

template <class T>
void run_squared_error(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  squared_error<T>(team, a.pointer(0), a.matrix(1), a.matrix(2), a.matrix(3), a.pointer(4), a.scale());
}

// Operands: row_correct, prediction, target.
template <class T>
void run_sparse_accuracy(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  sparse_accuracy<T>(team, a.pointer(0), a.matrix(1), a.template pointer<std::int32_t>(2));
}

template <class T>
void run_categorical_accuracy(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  categorical_accuracy<T>(team, a.pointer(0), a.matrix(1), a.matrix(2));
}

template <class T>
StepFunctions functions_of() {
  StepFunctions f{};
  f.gather = run_gather<T>;
  f.gather_labels = run_gather_labels;
  f.reduce = run_reduce<T>;
  f.gemm_nn = run_gemm_nn<T>;
  f.gemm_nt = run_gemm_nt<T>;
  f.gemm_tn = run_gemm_tn<T>;
  f.column_sum = run_column_sum<T>;
  f.add_bias = run_add_bias<T>;
  f.relu = run_relu<T>;
  f.relu_backward = run_relu_backward<T>;
  f.pass_gradient = run_pass_gradient<T>;
  f.normalize = run_normalize<T>;
  f.normalize_backward = run_normalize_backward<T>;
  f.softmax = run_softmax<T>;
  f.softmax_backward = run_softmax_backward<T>;
  f.sparse_cross_entropy = run_sparse_cross_entropy<T>;
  f.categorical_cross_entropy = run_categorical_cross_entropy<T>;
  f.squared_error = run_squared_error<T>;
  f.sparse_accuracy = run_sparse_accuracy<T>;
  f.categorical_accuracy = run_categorical_accuracy<T>;
  return f;
}

}  // namespace

bool Step::writes(int value) const {
  const auto end = values.begin() + outputs;
  return std::find(values.begin(), end, value) != end;
}

bool Step::touches(int value) const {
  return std::find(values.begin(), values.end(), value) != values.end();
}

const StepFunctions& step_functions(Dtype dtype) {
  static const StepFunctions f32 = functions_of<float>();
  static const StepFunctions f64 = functions_of<double>();
  return dtype == Dtype::f64 ? f64 : f32;
}

}  // namespace fastdnn
