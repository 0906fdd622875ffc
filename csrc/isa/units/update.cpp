#include "isa/units/unit.h"
#include "kernels/max_norm-inl.h"
#include "kernels/update_rules-inl.h"

namespace fastdnn {
namespace {

template <class V>
void enter(UpdateKernels<typename V::Scalar>& k) {
  k.sgd_update = sgd_update<V>;
  k.adagrad_update = update_by<V, AdagradRule<V>>;
  k.adadelta_update = update_by<V, AdadeltaRule<V>>;
  k.rmsprop_update = rmsprop_update<V>;
  k.adam_update = update_by<V, AdamRule<V, AdamKind::adam>>;
  k.nadam_update = update_by<V, AdamRule<V, AdamKind::nadam>>;
  k.amsgrad_update = update_by<V, AdamRule<V, AdamKind::amsgrad>>;
  k.lion_update = update_by<V, LionRule<V>>;
  k.max_norm_columns = max_norm_columns<V>;
  k.max_norm_rows = max_norm_rows<V>;
}

}  // namespace

void FASTDNN_UNIT::fill_update(KernelTable& table) {
  enter<Unit<float>>(table.f32);
  enter<Unit<double>>(table.f64);
}

}  // namespace fastdnn
