// Batch and layer normalisation.
#include "engine/operations/arguments.h"
#include "kernels/batch_norm.h"
#include "kernels/layer_norm.h"

namespace fastdnn {
namespace {

// The rows of a partial that a batch of n needs.
template <class T>
Matrix<T> partial_of(Matrix<T> partial, Index n) {
  return {partial.data, batch_norm_partial_rows(n), partial.cols, partial.stride};
}

// Operands: partial, x.
template <class T>
void run_batch_norm_partials(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  batch_norm_partials<T>(team, partial_of(a.matrix(0), context.n), a.matrix(1));
}

// Operands: mean, variance, rstd, partial, x.
template <class T>
void run_batch_norm_moments(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  batch_norm_moments<T>(team, a.pointer(0), a.pointer(1), a.pointer(2), partial_of(a.matrix(3), context.n),
                        a.matrix(4), static_cast<T>(step.options[0]));
}

// Operands: running_mean, running_variance, mean, variance.
template <class T>
void run_batch_norm_running(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  batch_norm_running<T>(team, a.pointer(0), a.pointer(1), a.pointer(2), a.pointer(3), a.matrix(2).cols,
                        step.options[0]);
}

// Operands: y, x, mean, rstd, gamma, beta.
template <class T>
void run_batch_norm_forward(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  batch_norm_forward<T>(team, a.matrix(0), a.matrix(1), a.pointer(2), a.pointer(3), a.pointer(4),
                        a.pointer(5), step.relu);
}

// Operands: scale, shift, running_mean, running_variance, gamma, beta.
template <class T>
void run_batch_norm_fold(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  batch_norm_fold<T>(team, a.pointer(0), a.pointer(1), a.pointer(4), a.pointer(5), a.pointer(2), a.pointer(3),
                     a.matrix(2).cols, static_cast<T>(step.options[0]));
}

// Operands: y, x, scale, shift.
template <class T>
void run_batch_norm_inference(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  batch_norm_inference<T>(team, a.matrix(0), a.matrix(1), a.pointer(2), a.pointer(3), step.relu);
}

// Operands: dx, dy, scale, y of a fused relu or none.
template <class T>
void run_batch_norm_inference_backward(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  batch_norm_inference_backward<T>(team, a.matrix(0), a.matrix(3), a.matrix(1), a.pointer(2),
                                   step.accumulate);
}

// Operands: partial, dy, x, mean, rstd, y of a fused relu or none.
template <class T>
void run_batch_norm_backward_partials(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  batch_norm_backward_partials<T>(team, partial_of(a.matrix(0), context.n), a.matrix(5), a.matrix(1),
                                  a.matrix(2), a.pointer(3));
}

// Operands: dgamma, dbeta, partial, dy, x, mean, rstd, y.
template <class T>
void run_batch_norm_backward_sums(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  batch_norm_backward_sums<T>(team, a.pointer(0), a.pointer(1), partial_of(a.matrix(2), context.n),
                              a.pointer(6));
}

// Operands: dx, dy, x, mean, rstd, dgamma, dbeta, gamma or none, y of a fused relu or none.
template <class T>
void run_batch_norm_backward(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  batch_norm_backward<T>(
      team, BatchNormGradient<T>{a.matrix(0), a.matrix(8), a.matrix(1), a.matrix(2), a.pointer(3),
                                 a.pointer(4), a.pointer(7), a.pointer(5), a.pointer(6), step.accumulate});
}

// Operands: y, mean, rstd, x, gamma or none, beta or none.
template <class T>
void run_layer_norm(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  layer_norm_forward<T>(team, a.matrix(0), a.pointer(1), a.pointer(2), a.matrix(3), a.pointer(4),
                        a.pointer(5), static_cast<T>(step.options[0]));
}

// Operands: dx, dy, x, mean, rstd, gamma or none.
template <class T>
void run_layer_norm_backward(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  layer_norm_backward<T>(team, LayerNormGradient<T>{a.matrix(0), a.matrix(1), a.matrix(2), a.pointer(3),
                                                    a.pointer(4), a.pointer(5), step.accumulate});
}

// Operands: dgamma, dbeta, dy, x, mean, rstd.
template <class T>
void run_layer_norm_backward_sums(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  layer_norm_backward_sums<T>(team, a.pointer(0), a.pointer(1), a.matrix(2), a.matrix(3), a.pointer(4),
                              a.pointer(5), step.accumulate);
}

std::vector<Operation> batch_norm_operations() {
  return {
      Operation{"batch_norm_moments",
                {"nM"},
                {"1M", "1M", "1M"},
                {run_batch_norm_moments<float>, run_batch_norm_moments<double>}}
          .after({run_batch_norm_partials<float>, run_batch_norm_partials<double>})
          .with_options({"epsilon"}),
      Operation{"batch_norm_running",
                {"1M", "1M"},
                {"1M", "1M"},
                {run_batch_norm_running<float>, run_batch_norm_running<double>}}
          .to_state()
          .with_options({"momentum"}),
      Operation{"batch_norm_forward",
                {"nM", "1M", "1M", "1M?", "1M?"},
                {"nM"},
                {run_batch_norm_forward<float>, run_batch_norm_forward<double>}}
          .rows()
          .in_place_of(0),
      Operation{"batch_norm_fold",
                {"1M", "1M", "1M?", "1M?"},
                {"1M", "1M"},
                {run_batch_norm_fold<float>, run_batch_norm_fold<double>}}
          .with_options({"epsilon"}),
      Operation{"batch_norm_inference",
                {"nM", "1M", "1M"},
                {"nM"},
                {run_batch_norm_inference<float>, run_batch_norm_inference<double>}}
          .rows()
          .in_place_of(0),
      Operation{"batch_norm_inference_backward",
                {"nM", "1M", "nM?"},
                {"nM"},
                {run_batch_norm_inference_backward<float>, run_batch_norm_inference_backward<double>}}
          .rows()
          .adds(),
      Operation{"batch_norm_backward_sums",
                {"nM", "nM", "1M", "1M", "nM?"},
                {"1M", "1M"},
                {run_batch_norm_backward_sums<float>, run_batch_norm_backward_sums<double>}}
          .after({run_batch_norm_backward_partials<float>, run_batch_norm_backward_partials<double>}),
      Operation{"batch_norm_backward",
                {"nM", "nM", "1M", "1M", "1M", "1M", "1M?", "nM?"},
                {"nM"},
                {run_batch_norm_backward<float>, run_batch_norm_backward<double>}}
          .rows()
          .adds()
          .in_place_of(0),
  };
}

std::vector<Operation> layer_norm_operations() {
  return {
      Operation{"layer_norm",
                {"nM", "1M?", "1M?"},
                {"nM", "n1", "n1"},
                {run_layer_norm<float>, run_layer_norm<double>}}
          .rows()
          .with_options({"epsilon"}),
      Operation{"layer_norm_backward",
                {"nM", "nM", "n1", "n1", "1M?"},
                {"nM"},
                {run_layer_norm_backward<float>, run_layer_norm_backward<double>}}
          .rows()
          .adds()
          .in_place_of(0),
      Operation{"layer_norm_backward_sums",
                {"nM", "nM", "n1", "n1"},
                {"1M", "1M"},
                {run_layer_norm_backward_sums<float>, run_layer_norm_backward_sums<double>}}
          .adds(),
  };
}

}  // namespace

std::vector<Operation> normalization_operations() {
  std::vector<Operation> table = batch_norm_operations();
  for (Operation& operation : layer_norm_operations()) table.push_back(std::move(operation));
  return table;
}

}  // namespace fastdnn
