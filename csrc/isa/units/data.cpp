#include "isa/units/unit.h"
#include "kernels/activity-inl.h"
#include "kernels/csr_matmul-inl.h"
#include "kernels/embedding-inl.h"
#include "kernels/gather-inl.h"
#include "kernels/norm-inl.h"
#include "kernels/penalty-inl.h"

namespace fastdnn {
namespace {

template <class V>
void enter(DataKernels<typename V::Scalar>& k) {
  using D = Unit<double>;
  fill_gather<V>(k);
  k.csr_row = csr_row<V>;
  k.csr_row_dw = csr_row_dw<V>;
  k.embedding = embedding<V>;
  k.embedding_backward = embedding_backward<V>;
  k.penalty = penalty<V, D>;
  k.power_penalty = power_penalty<V, D>;
  k.sum_of_scaled_squares = sum_of_scaled_squares<V, D>;
  k.sum_of_magnitudes = sum_of_magnitudes<V, D>;
  k.max_abs = max_abs<V>;
  k.column_activity = column_activity<V>;
}

}  // namespace

void FASTDNN_UNIT::fill_data(KernelTable& table) {
  enter<Unit<float>>(table.f32);
  enter<Unit<double>>(table.f64);
}

}  // namespace fastdnn
