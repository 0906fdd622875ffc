#include "isa/units/unit.h"
#include "kernels/activation-inl.h"
#include "kernels/log_softmax-inl.h"
#include "kernels/logistic_normalize-inl.h"
#include "kernels/maxout-inl.h"
#include "kernels/prelu-inl.h"
#include "kernels/softmax-inl.h"

namespace fastdnn {
namespace {

template <class V, template <class> class F>
void enter_activation(ActivationKernels<typename V::Scalar>& k, Activation kind) {
  k.activation_forward[static_cast<int>(kind)] = activation_forward<V, F<V>>;
  k.activation_backward[static_cast<int>(kind)] = activation_backward<V, F<V>>;
}

template <class V, template <class> class F>
void enter_function(ActivationKernels<typename V::Scalar>& k, Function kind) {
  k.function[static_cast<int>(kind)] = activation_forward<V, F<V>>;
}

template <class V>
void enter(ActivationKernels<typename V::Scalar>& k) {
  k.add_bias = add_bias<V>;
  k.pass_gradient = pass_gradient<V>;
  enter_activation<V, Relu>(k, Activation::relu);
  enter_activation<V, LeakyRelu>(k, Activation::leaky_relu);
  enter_activation<V, Elu>(k, Activation::elu);
  enter_activation<V, Selu>(k, Activation::selu);
  enter_activation<V, Sigmoid>(k, Activation::sigmoid);
  enter_activation<V, Tanh>(k, Activation::tanh);
  enter_activation<V, Softplus>(k, Activation::softplus);
  enter_activation<V, Silu>(k, Activation::silu);
  enter_activation<V, Gelu>(k, Activation::gelu);
  enter_activation<V, GeluTanh>(k, Activation::gelu_tanh);
  enter_function<V, Exp>(k, Function::exp);
  enter_function<V, Expm1>(k, Function::expm1);
  enter_function<V, Log>(k, Function::log);
  enter_function<V, Log1p>(k, Function::log1p);
  enter_function<V, Erf>(k, Function::erf);
  k.prelu_forward = prelu_forward<V>;
  k.prelu_backward = prelu_backward<V>;
  k.prelu_dalpha = prelu_dalpha<V>;
  k.maxout_forward = maxout_forward<V>;
  k.maxout_backward = maxout_backward<V>;
  k.hardmax = hardmax<V>;
  k.softmax_forward = softmax_forward<V>;
  k.softmax_backward = softmax_backward<V>;
  k.log_softmax_forward = log_softmax_forward<V>;
  k.log_softmax_backward = log_softmax_backward<V>;
  k.logistic_normalize_forward = logistic_normalize_forward<V>;
  k.logistic_normalize_backward = logistic_normalize_backward<V>;
}

}  // namespace

void FASTDNN_UNIT::fill_activation(KernelTable& table) {
  enter<Unit<float>>(table.f32);
  enter<Unit<double>>(table.f64);
}

}  // namespace fastdnn
