#include "isa/units/unit.h"
#include "kernels/update-inl.h"

namespace fastdnn {
namespace {

template <class V>
void enter(UpdateKernels<typename V::Scalar>& k) {
  k.sgd_update = sgd_update<V>;
  k.adam_update = adam_update<V>;
}

}  // namespace

void FASTDNN_UNIT::fill_update(KernelTable& table) {
  enter<Unit<float>>(table.f32);
  enter<Unit<double>>(table.f64);
}

}  // namespace fastdnn
