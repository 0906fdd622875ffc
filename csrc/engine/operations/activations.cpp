// Activations that are a function of one number, and those of a whole row.
#include "engine/operations/arguments.h"
#include "kernels/activation.h"
#include "kernels/log_softmax.h"
#include "kernels/logistic_normalize.h"
#include "kernels/maxout.h"
#include "kernels/prelu.h"
#include "kernels/softmax.h"

namespace fastdnn {
namespace {

// Operands: y, x.
template <class T, Activation f>
void run_activation(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  activation_forward<T>(team, a.matrix(0), a.matrix(1), f, static_cast<T>(step.options[0]));
}

// Operands: dx, y or x, dy.
template <class T, Activation f>
void run_activation_backward(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  activation_backward<T>(team, a.matrix(0), a.matrix(1), a.matrix(2), f, static_cast<T>(step.options[0]),
                         step.accumulate);
}

template <Activation f>
void add_pointwise(std::vector<Operation>& table, const char* name, const char* backward,
                   const std::vector<const char*>& options = {}) {
  table.push_back(Operation{name, {"nM"}, {"nM"}, {run_activation<float, f>, run_activation<double, f>}}
                      .rows()
                      .in_place_of(0)
                      .with_options(options));
  table.push_back(Operation{
      backward, {"nM", "nM"}, {"nM"}, {run_activation_backward<float, f>, run_activation_backward<double, f>}}
                      .rows()
                      .adds()
                      .in_place_of(1)
                      .with_options(options));
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

template <class T>
void run_log_softmax(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  log_softmax_forward<T>(team, a.matrix(0), a.matrix(1));
}

template <class T>
void run_log_softmax_backward(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  log_softmax_backward<T>(team, a.matrix(0), a.matrix(1), a.matrix(2), step.accumulate);
}

template <class T>
void run_logistic_normalize(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  logistic_normalize_forward<T>(team, a.matrix(0), a.matrix(1));
}

// Operands: dx, y, x, dy.
template <class T>
void run_logistic_normalize_backward(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  logistic_normalize_backward<T>(team, a.matrix(0), a.matrix(1), a.matrix(2), a.matrix(3), step.accumulate);
}

template <class T>
void run_hardmax(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  hardmax<T>(team, a.matrix(0), a.matrix(1));
}

template <class T>
void run_maxout(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  maxout_forward<T>(team, a.matrix(0), a.matrix(1));
}

// Operands: dx, x, dy.
template <class T>
void run_maxout_backward(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  maxout_backward<T>(team, a.matrix(0), a.matrix(1), a.matrix(2), step.accumulate);
}

// Operands: y, x, alpha.
template <class T>
void run_prelu(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  prelu_forward<T>(team, a.matrix(0), a.matrix(1), a.pointer(2));
}

// Operands: dx, x, dy, alpha.
template <class T>
void run_prelu_backward(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  prelu_backward<T>(team, a.matrix(0), a.matrix(1), a.matrix(2), a.pointer(3), step.accumulate);
}

// Operands: dalpha, x, dy.
template <class T>
void run_prelu_dalpha(const Step& step, const StepContext& context, Team& team) {
  const Arguments<T> a{step, context};
  prelu_dalpha<T>(team, a.pointer(0), a.matrix(1), a.matrix(2), step.accumulate);
}

std::string not_pieces(const Sizes& sizes, const Options&) {
  return sizes['K'] % sizes['M'] == 0 ? "" : "inputs that are pieces of as many columns as the output";
}

}  // namespace

std::vector<Operation> activation_operations() {
  std::vector<Operation> table{
      Operation{"softmax", {"nM"}, {"nM"}, {run_softmax<float>, run_softmax<double>}}.rows().in_place_of(0),
      Operation{"softmax_backward",
                {"nM", "nM"},
                {"nM"},
                {run_softmax_backward<float>, run_softmax_backward<double>}}
          .rows()
          .adds()
          .in_place_of(1),
      Operation{"log_softmax", {"nM"}, {"nM"}, {run_log_softmax<float>, run_log_softmax<double>}}
          .rows()
          .in_place_of(0),
      Operation{"log_softmax_backward",
                {"nM", "nM"},
                {"nM"},
                {run_log_softmax_backward<float>, run_log_softmax_backward<double>}}
          .rows()
          .adds()
          .in_place_of(1),
      Operation{"logistic_normalize",
                {"nM"},
                {"nM"},
                {run_logistic_normalize<float>, run_logistic_normalize<double>}}
          .rows()
          .in_place_of(0),
      Operation{"logistic_normalize_backward",
                {"nM", "nM", "nM"},
                {"nM"},
                {run_logistic_normalize_backward<float>, run_logistic_normalize_backward<double>}}
          .rows()
          .adds()
          .in_place_of(2),
      Operation{"hardmax", {"nM"}, {"nM"}, {run_hardmax<float>, run_hardmax<double>}}.rows().in_place_of(0),
      Operation{"maxout", {"nK"}, {"nM"}, {run_maxout<float>, run_maxout<double>}}.rows().unless(not_pieces),
      Operation{
          "maxout_backward", {"nK", "nM"}, {"nK"}, {run_maxout_backward<float>, run_maxout_backward<double>}}
          .rows()
          .adds()
          .unless(not_pieces),
      Operation{"prelu", {"nM", "1M"}, {"nM"}, {run_prelu<float>, run_prelu<double>}}.rows().in_place_of(0),
      Operation{"prelu_backward",
                {"nM", "nM", "1M"},
                {"nM"},
                {run_prelu_backward<float>, run_prelu_backward<double>}}
          .rows()
          .adds()
          .in_place_of(1),
      Operation{"prelu_dalpha", {"nM", "nM"}, {"1M"}, {run_prelu_dalpha<float>, run_prelu_dalpha<double>}}
          .adds(),
  };
  add_pointwise<Activation::relu>(table, "relu", "relu_backward");
  add_pointwise<Activation::leaky_relu>(table, "leaky_relu", "leaky_relu_backward", {"alpha"});
  add_pointwise<Activation::elu>(table, "elu", "elu_backward", {"alpha"});
  add_pointwise<Activation::selu>(table, "selu", "selu_backward");
  add_pointwise<Activation::sigmoid>(table, "sigmoid", "sigmoid_backward");
  add_pointwise<Activation::tanh>(table, "tanh", "tanh_backward");
  add_pointwise<Activation::softplus>(table, "softplus", "softplus_backward");
  add_pointwise<Activation::silu>(table, "silu", "silu_backward");
  add_pointwise<Activation::gelu>(table, "gelu", "gelu_backward");
  add_pointwise<Activation::gelu_tanh>(table, "gelu_tanh", "gelu_tanh_backward");
  return table;
}

}  // namespace fastdnn
