#include "isa/portable.h"
#include "isa/table.h"
#include "kernels/update-inl.h"

namespace fastdnn {
namespace {

template <class T>
void fill(Kernels<T>& k) {
  using V = Portable<T>;
  k.sgd_update = sgd_update<V>;
  k.adam_update = adam_update<V>;
}

}  // namespace

void fill_portable_update(KernelTable& table) {
  fill(table.f32);
  fill(table.f64);
}

}  // namespace fastdnn
