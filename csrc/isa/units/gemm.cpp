#include "isa/units/unit.h"
#include "kernels/column_sum-inl.h"
#include "kernels/gemm-inl.h"

namespace fastdnn {
namespace {

template <class V>
void enter(LinearKernels<typename V::Scalar>& k) {
  fill_gemm<V>(k.gemm, GemmTiles{});
  k.column_sum = column_sum<V>;
}

}  // namespace

void FASTDNN_UNIT::fill_gemm(KernelTable& table) {
  enter<Unit<float>>(table.f32);
  enter<Unit<double>>(table.f64);
}

}  // namespace fastdnn
