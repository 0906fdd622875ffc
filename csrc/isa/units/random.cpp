#include "isa/units/unit.h"
#include "kernels/dropout-inl.h"
#include "kernels/gaussian_noise-inl.h"

namespace fastdnn {
namespace {

template <class V>
void enter(RandomKernels<typename V::Scalar>& k) {
  k.dropout = dropout<V>;
  k.gaussian_noise = gaussian_noise<V>;
}

}  // namespace

void FASTDNN_UNIT::fill_random(KernelTable& table) {
  enter<Unit<float>>(table.f32);
  enter<Unit<double>>(table.f64);
}

}  // namespace fastdnn
