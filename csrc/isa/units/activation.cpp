#include "isa/units/unit.h"
#include "kernels/activation-inl.h"
#include "kernels/softmax-inl.h"

namespace fastdnn {
namespace {

template <class V>
void enter(ActivationKernels<typename V::Scalar>& k) {
  k.add_bias = add_bias<V>;
  k.pass_gradient = pass_gradient<V>;
  k.relu_forward = relu_forward<V>;
  k.relu_backward = relu_backward<V>;
  k.softmax_forward = softmax_forward<V>;
  k.softmax_backward = softmax_backward<V>;
}

}  // namespace

void FASTDNN_UNIT::fill_activation(KernelTable& table) {
  enter<Unit<float>>(table.f32);
  enter<Unit<double>>(table.f64);
}

}  // namespace fastdnn
