// Losses, each with its gradient in the same pass where a program has it, and accuracies.
#include "engine/operations/arguments.h"
#include "kernels/accuracy.h"
#include "kernels/cross_entropy.h"
#include "kernels/elementwise_loss.h"
#include "kernels/probability_cross_entropy.h"

namespace fastdnn {
namespace {

// Operands of a loss: row_loss, gradient or none, prediction, target, weights or none.
// The options of the loss come first, then `loss_weight` and `reduction`, which only the gradient has.

// The factor of a row's loss in the batch's, of a loss with so many options of its own.
template <class T>
T scale_of(const Step& step, const Arguments<T>& a, std::size_t own_options) {
  return a.scale(step.options[own_options], step.options[own_options + 1] != 0);
}

constexpr std::size_t kSmoothing = 2;  // label_smoothing and its mode

LabelSmoothing smoothing(const Step& step) {
  return {step.options[0],
          step.options[1] == 0 ? LabelSmoothing::Mode::by_k : LabelSmoothing::Mode::by_k_minus_1};
}

template <class T>
void run_sparse_cross_entropy(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  sparse_cross_entropy<T>(team, a.pointer(0), a.matrix(1), a.matrix(2), a.template pointer<std::int32_t>(3),
                          a.pointer(4), scale_of(step, a, kSmoothing), smoothing(step));
}

template <class T>
void run_categorical_cross_entropy(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  categorical_cross_entropy<T>(team, a.pointer(0), a.matrix(1), a.matrix(2), a.matrix(3), a.pointer(4),
                               scale_of(step, a, kSmoothing), smoothing(step));
}

template <class T>
void run_sparse_probability_cross_entropy(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  sparse_probability_cross_entropy<T>(team, a.pointer(0), a.matrix(1), a.matrix(2),
                                      a.template pointer<std::int32_t>(3), a.pointer(4),
                                      scale_of(step, a, 0));
}

template <class T>
void run_categorical_probability_cross_entropy(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  categorical_probability_cross_entropy<T>(team, a.pointer(0), a.matrix(1), a.matrix(2), a.matrix(3),
                                           a.pointer(4), scale_of(step, a, kSmoothing), smoothing(step));
}

// What a loss has beside `outputs`, or null. `half` is a matter of the divisor.
constexpr const char* parameter_of(ElementwiseLoss loss) {
  switch (loss) {
    case ElementwiseLoss::squared_error:
      return "half";
    case ElementwiseLoss::huber:
      return "delta";
    case ElementwiseLoss::binary_cross_entropy:
    case ElementwiseLoss::binary_probability_cross_entropy:
      return "label_smoothing";
    default:
      return nullptr;
  }
}

// Options: outputs, the parameter if any, then those of the gradient.
template <class T, ElementwiseLoss loss>
void run_elementwise(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  const Matrix<T> y = a.matrix(2);
  constexpr bool kHasParameter = parameter_of(loss) != nullptr;
  constexpr bool kHalves = loss == ElementwiseLoss::squared_error;
  const double parameter = kHasParameter ? step.options[1] : 0.0;
  const double outputs = step.options[0] == 0 ? static_cast<double>(y.cols) : 1.0;
  elementwise_loss<T>(team, loss, a.pointer(0), a.matrix(1), y, a.matrix(3), a.pointer(4),
                      scale_of(step, a, kHasParameter ? 2 : 1),
                      static_cast<T>(kHalves && parameter != 0 ? 2 * outputs : outputs),
                      kHalves ? T{0} : static_cast<T>(parameter));
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

// Operands: row_correct, prediction, target. Options: k.
template <class T>
void run_sparse_top_k(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  sparse_top_k_accuracy<T>(team, a.pointer(0), a.matrix(1), a.template pointer<std::int32_t>(2),
                           static_cast<Index>(step.options[0]));
}

template <class T>
void run_categorical_top_k(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  categorical_top_k_accuracy<T>(team, a.pointer(0), a.matrix(1), a.matrix(2),
                                static_cast<Index>(step.options[0]));
}

// Operands: row_correct, prediction, target. Options: threshold, target_threshold.
template <class T>
void run_binary_accuracy(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  binary_accuracy<T>(team, a.pointer(0), a.matrix(1), a.matrix(2), static_cast<T>(step.options[0]),
                     static_cast<T>(step.options[1]));
}

std::string too_many_classes(const Sizes& sizes, const Options&) {
  return sizes['M'] <= kMostClasses ? "" : "at most " + std::to_string(kMostClasses) + " classes";
}

std::string no_top(const Sizes& sizes, const Options& options) {
  const bool ok = options[0] >= 1 && options[0] <= static_cast<double>(kMostClasses);
  return ok ? too_many_classes(sizes, options) : "k >= 1, and at most " + std::to_string(kMostClasses);
}

std::string one_class(const Sizes& sizes, const Options& options) {
  const bool others = options[0] == 0 || options[1] == 0 || sizes['M'] >= 2;
  return others ? "" : "at least two classes for smoothing by k-1";
}

// A loss, and its gradient, which is part of the same pass.
void add_loss(std::vector<Operation>& table, const char* name, const char* backward, const char* target,
              Runs run, std::vector<const char*> options, decltype(Operation::misfit) misfit = nullptr) {
  table.push_back(
      Operation{name, {"nM", target}, {"n1"}, run}.rows().with_options(options).unless(misfit).as_loss());
  options.push_back("loss_weight");
  options.push_back("reduction=mean|sum");
  table.push_back(Operation{backward, {"nM", target, "n1?"}, {"nM"}, {}}
                      .rows()
                      .in_place_of(0)
                      .with_options(options)
                      .unless(misfit)
                      .in_pass_of(name));
}

template <ElementwiseLoss loss>
void add_elementwise(std::vector<Operation>& table, const char* name, const char* backward) {
  std::vector<const char*> options{"outputs=mean|sum"};
  if (parameter_of(loss) != nullptr) options.push_back(parameter_of(loss));
  add_loss(table, name, backward, "nM", {run_elementwise<float, loss>, run_elementwise<double, loss>},
           std::move(options));
}

}  // namespace

std::vector<Operation> loss_operations() {
  const std::vector<const char*> smoothed{"label_smoothing", "label_smoothing_mode=k|k-1"};
  std::vector<Operation> table{
      Operation{
          "sparse_accuracy", {"nM", "n1i"}, {"n1"}, {run_sparse_accuracy<float>, run_sparse_accuracy<double>}}
          .rows()
          .unless(too_many_classes),
      Operation{"categorical_accuracy",
                {"nM", "nM"},
                {"n1"},
                {run_categorical_accuracy<float>, run_categorical_accuracy<double>}}
          .rows()
          .unless(too_many_classes),
      Operation{
          "sparse_top_k_accuracy", {"nM", "n1i"}, {"n1"}, {run_sparse_top_k<float>, run_sparse_top_k<double>}}
          .rows()
          .with_options({"k"})
          .unless(no_top),
      Operation{"categorical_top_k_accuracy",
                {"nM", "nM"},
                {"n1"},
                {run_categorical_top_k<float>, run_categorical_top_k<double>}}
          .rows()
          .with_options({"k"})
          .unless(no_top),
      Operation{
          "binary_accuracy", {"nM", "nM"}, {"n1"}, {run_binary_accuracy<float>, run_binary_accuracy<double>}}
          .rows()
          .with_options({"threshold", "target_threshold"})
          .unless(too_many_classes),
  };
  add_loss(table, "sparse_cross_entropy", "sparse_cross_entropy_backward", "n1i",
           {run_sparse_cross_entropy<float>, run_sparse_cross_entropy<double>}, smoothed, one_class);
  add_loss(table, "categorical_cross_entropy", "categorical_cross_entropy_backward", "nM",
           {run_categorical_cross_entropy<float>, run_categorical_cross_entropy<double>}, smoothed,
           one_class);
  add_loss(table, "sparse_probability_cross_entropy", "sparse_probability_cross_entropy_backward", "n1i",
           {run_sparse_probability_cross_entropy<float>, run_sparse_probability_cross_entropy<double>}, {});
  add_loss(
      table, "categorical_probability_cross_entropy", "categorical_probability_cross_entropy_backward", "nM",
      {run_categorical_probability_cross_entropy<float>, run_categorical_probability_cross_entropy<double>},
      smoothed, one_class);
  using L = ElementwiseLoss;
  add_elementwise<L::squared_error>(table, "squared_error", "squared_error_backward");
  add_elementwise<L::absolute_error>(table, "absolute_error", "absolute_error_backward");
  add_elementwise<L::huber>(table, "huber", "huber_backward");
  add_elementwise<L::log_cosh>(table, "log_cosh", "log_cosh_backward");
  add_elementwise<L::binary_cross_entropy>(table, "binary_cross_entropy", "binary_cross_entropy_backward");
  add_elementwise<L::binary_probability_cross_entropy>(table, "binary_probability_cross_entropy",
                                                       "binary_probability_cross_entropy_backward");
  add_elementwise<L::kl_divergence>(table, "kl_divergence", "kl_divergence_backward");
  add_elementwise<L::hinge>(table, "hinge", "hinge_backward");
  add_elementwise<L::squared_hinge>(table, "squared_hinge", "squared_hinge_backward");
  return table;
}

}  // namespace fastdnn
