#include "isa/units/unit.h"
#include "kernels/normalize-inl.h"

namespace fastdnn {
namespace {

template <class V>
void enter(NormalizationKernels<typename V::Scalar>& k) {
  k.normalize_forward = normalize_forward<V>;
  k.normalize_backward = normalize_backward<V>;
}

}  // namespace

void FASTDNN_UNIT::fill_normalization(KernelTable& table) {
  enter<Unit<float>>(table.f32);
  enter<Unit<double>>(table.f64);
}

}  // namespace fastdnn
