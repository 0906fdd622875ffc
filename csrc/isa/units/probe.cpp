#include "isa/units/unit.h"
#include "kernels/probe-inl.h"

namespace fastdnn {
namespace {

template <class V>
void enter(ProbeKernels<typename V::Scalar>& k) {
  k.fma_lanes = V::kLanes;
  k.probe_fma = probe_fma<V>;
  k.probe_read = probe_read<V>;
  k.probe_copy = probe_copy<V>;
  k.probe_update = probe_update<V>;
}

}  // namespace

void FASTDNN_UNIT::fill_probe(KernelTable& table) {
  enter<Unit<float>>(table.f32);
  enter<Unit<double>>(table.f64);
}

}  // namespace fastdnn
