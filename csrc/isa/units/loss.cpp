#include "isa/units/unit.h"
#include "kernels/cross_entropy-inl.h"
#include "kernels/squared_error-inl.h"

namespace fastdnn {
namespace {

template <class V>
void enter(LossKernels<typename V::Scalar>& k) {
  k.sparse_cross_entropy = sparse_cross_entropy<V>;
  k.categorical_cross_entropy = categorical_cross_entropy<V>;
  k.squared_error = squared_error<V>;
}

}  // namespace

void FASTDNN_UNIT::fill_loss(KernelTable& table) {
  enter<Unit<float>>(table.f32);
  enter<Unit<double>>(table.f64);
}

}  // namespace fastdnn
