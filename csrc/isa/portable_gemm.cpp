#include "isa/portable.h"
#include "isa/table.h"
#include "kernels/column_sum-inl.h"
#include "kernels/gemm-inl.h"

namespace fastdnn {
namespace {

// 16 registers: a 6 x 2 tile of sums, two vectors of B, one of A and one for the product. A tile of one
// vector needs one of B only and takes more rows, to keep as many independent sums in flight.
template <class T>
void fill(Kernels<T>& k) {
  using V = Portable<T>;
  fill_gemm<V, 12, 6>(k.gemm);
  k.column_sum = column_sum<V>;
}

}  // namespace

void fill_portable_gemm(KernelTable& table) {
  fill(table.f32);
  fill(table.f64);
}

}  // namespace fastdnn
