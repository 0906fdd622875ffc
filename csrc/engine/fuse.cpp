#include "engine/fuse.h"

#include <algorithm>
#include <map>

#include "core/check.h"
#include "kernels/batch_norm.h"
#include "kernels/chunks.h"

namespace fastdnn {
namespace {

// Weights of so many bytes are packed, or read from beyond the caches, block after block; threads that cut the
// rows would each do that with all of them, so they cut the columns, and wait at a barrier before and after.
constexpr Index kLargeWeights = 1 << 20;

class Fuser {
 public:
  Fuser(const Program& program, Dtype dtype, Index max_batch)
      : program_(program),
        dtype_(dtype),
        max_batch_(max_batch),
        readers_(program.values().size()),
        writer_(program.values().size(), -1),
        done_(program.ops().size()) {
    fused_.values = program.values();
    for (std::size_t i = 0; i < program_.ops().size(); ++i) {
      for (const int input : program_.ops()[i].inputs) {
        if (input >= 0) readers_[at(input)].push_back(static_cast<int>(i));
      }
      for (const int output : program_.ops()[i].outputs) writer_[at(output)] = static_cast<int>(i);
      if (!program_.ops()[i].accumulate) continue;
      for (const int output : program_.ops()[i].outputs) readers_[at(output)].push_back(static_cast<int>(i));
    }
    for (const Result& result : program_.results()) readers_[at(result.value)].push_back(kOutside);
    for (const int output : program_.outputs()) readers_[at(output)].push_back(kOutside);
    for (const Watch& watch : program_.watches()) readers_[at(watch.value)].push_back(kOutside);
  }

  void add_gathers() {
    for (std::size_t i = 0; i < program_.values().size(); ++i) {
      const Value& value = program_.values()[i];
      if (value.role != Role::source || value.sparse) continue;
      Step& step = add("gather", value.integer ? kGatherLabels : kGather, {}, {static_cast<int>(i)});
      step.row_local = true;
      step.slot = value.slot;
    }
  }

  void add_reductions() {
    for (std::size_t i = 0; i < program_.results().size(); ++i) {
      const Result& result = program_.results()[i];
      const auto partials = partials_.find(result.value);
      const bool is_figure = partials != partials_.end();
      Step& step = is_figure ? add("reduce", kReduceFigure, {}, {partials->second})
                             : add("reduce", kReduce, {}, {result.value, result.weights});
      step.outputs = 0;
      step.slot = static_cast<Index>(i);
    }
  }

  void add_ops() {
    for (int i = 0; i < static_cast<int>(program_.ops().size()); ++i) {
      if (!done_[at(i)]) add_op(i);
    }
  }

  void add_watches() {
    for (const Watch& watch : program_.watches()) {
      Step step;
      step.kind = "watch";
      step.values = {watch.value};
      step.outputs = 0;
      fused_.watches.push_back(std::move(step));
    }
  }

  FusedSteps result() { return std::move(fused_); }

 private:
  static constexpr int kOutside = -1;  // a reader that is no operation
  static std::size_t at(int index) { return static_cast<std::size_t>(index); }
  const Op& op(int index) const { return program_.ops()[at(index)]; }
  bool is(int index, const char* name) const { return op(index).operation->is(name); }

  Step& add(const char* kind, Runs run, std::vector<int> ops, std::vector<int> values) {
    Step step;
    step.kind = kind;
    step.run = run.of(dtype_);
    step.ops = std::move(ops);
    step.values = std::move(values);
    if (!step.ops.empty()) {
      const Operation& first = *op(step.ops[0]).operation;
      step.options = op(step.ops[0]).options;
      step.row_local = first.row_local;
    }
    for (const int value : step.values) {
      if (value >= 0 && fused_.values[at(value)].sparse) step.slot = fused_.values[at(value)].slot;
    }
    for (const int index : step.ops) {
      done_[at(index)] = true;
      step.accumulate = step.accumulate || op(index).accumulate;
    }
    std::vector<Step>& steps = list_of(step);
    steps.push_back(std::move(step));
    return steps.back();
  }

  std::vector<Step>& list_of(const Step& step) {
    if (step.ops.empty()) return fused_.steps;
    const Op& first = op(step.ops[0]);
    if (first.operation->calls && first.outputs.empty()) return fused_.observers;
    return first.operation->updates_state ? fused_.updates : fused_.steps;
  }

  // Outputs, then inputs, -1 for what is left out.
  std::vector<int> values_of(int i) const {
    const Op& o = op(i);
    std::vector<int> values = o.outputs;
    values.insert(values.end(), o.inputs.begin(), o.inputs.end());
    values.resize(o.outputs.size() + o.operation->inputs.size(), -1);
    return values;
  }

  // The operation that alone reads the first output of `index`, if it is of this kind, writes its own output
  // afresh, and can be done where `index` is: what else it reads is there by then.
  int fusable_reader(int index, const char* name) const {
    const std::vector<int>& readers = readers_[at(op(index).outputs[0])];
    if (readers.size() != 1 || readers[0] < 0) return -1;
    const Op& reader = op(readers[0]);
    const bool fits = reader.operation->is(name) && !reader.accumulate && !op(index).accumulate;
    return fits && ready_at(reader, index) ? readers[0] : -1;
  }

  // Whether all that an operation reads, but for what `index` itself writes, is written before `index`.
  bool ready_at(const Op& reader, int index) const {
    return std::all_of(reader.inputs.begin(), reader.inputs.end(), [&](int input) {
      return input < 0 || writer_[at(input)] < index || input == op(index).outputs[0];
    });
  }

  void add_op(int i) {
    const Operation& o = *op(i).operation;
    check(o.joins == nullptr, "Plan", "expected ", o.name,
          " after the loss of the same prediction and target");
    if (o.calls) return add_call(i);
    if (o.is("penalty") || o.is("penalty_backward")) return add_penalty(i);
    if (o.is("matmul")) return add_matmul(i);
    if (o.is("matmul_dx")) return add_matmul_dx(i);
    if (o.is("matmul_dw")) return add_matmul_dw(i);
    if (o.is("csr_matmul")) return add_csr_matmul(i);
    if (o.is("batch_norm_forward") || o.is("batch_norm_inference")) return add_normalization(i);
    if (o.is("relu_backward") && leave_to_normalization(i)) return;
    if (const int gradient = gradient_of_loss(i); gradient >= 0) return add_loss(i, gradient);
    add_alone(i);
  }

  void add_call(int i) {
    std::vector<int> values = op(i).outputs;
    values.insert(values.end(), op(i).inputs.begin(), op(i).inputs.end());
    Step& step = add(op(i).operation->name, {}, {i}, std::move(values));
    step.outputs = static_cast<int>(op(i).outputs.size());
    step.call = op(i).call;
  }

  void add_alone(int i) {
    const Op& o = op(i);
    std::vector<int> ops{i};
    std::vector<int> values = values_of(i);
    mask_gradient(o, ops, values);
    if (o.operation->first) {
      add_in_two_phases(i, std::move(ops), std::move(values));
      return;
    }
    Step& step = add(o.operation->name, o.operation->run, std::move(ops), std::move(values));
    step.outputs = static_cast<int>(o.outputs.size());
    if (o.operation->is("csr_matmul_dw") || o.operation->is("embedding_gradient")) {
      const Value& table = program_.value(o.outputs[0]);
      step.elements = table.rows * table.cols;
    }
    if (o.operation->in_place >= 0) {
      step.in_place_output = 0;
      step.in_place_input = step.outputs + o.operation->in_place;
    }
  }

  // Partial figures of chunks of rows, then what is made of them.
  void add_in_two_phases(int i, std::vector<int> ops, std::vector<int> values) {
    const Operation& o = *op(i).operation;
    const auto outputs = static_cast<std::ptrdiff_t>(op(i).outputs.size());
    Value partial;
    partial.name = std::string(o.name) + "/partial";
    partial.rows = batch_norm_partial_rows(max_batch_);
    partial.cols = fused_.values[at(values[0])].cols;
    fused_.values.push_back(partial);
    const int index = static_cast<int>(fused_.values.size()) - 1;
    std::vector<int> first{index};
    first.insert(first.end(), values.begin() + outputs, values.end());
    add(o.name, o.first, {}, std::move(first)).options = op(i).options;
    fused_.steps.back().kind += " (partial)";
    values.insert(values.begin() + outputs, index);
    add(o.name, o.run, std::move(ops), std::move(values)).outputs = static_cast<int>(outputs) + 1;
  }

  // A penalty and its gradient in one pass, or one of them. It is where the penalty is, before all that adds to
  // the gradient: so in a training step it needs no barrier of its own.
  void add_penalty(int i) {
    const Op& o = op(i);
    const bool backward = o.operation->is("penalty_backward");
    std::vector<int> ops{i};
    int gradient = backward ? o.outputs[0] : -1;
    if (const int j = backward ? -1 : gradient_of_penalty(i); j >= 0) {
      ops.push_back(j);
      gradient = op(j).outputs[0];
    }
    const Value& w = program_.value(o.inputs[0]);
    const int partial = add_partials(o, w.rows * w.cols);
    if (!backward) partials_[o.outputs[0]] = partial;
    Step& step = add(o.operation->name, o.operation->run, std::move(ops), {partial, gradient, o.inputs[0]});
    step.outputs = 2;
    step.elements = w.rows * w.cols;
  }

  // The operation that writes the gradient of this penalty, or -1.
  int gradient_of_penalty(int i) const {
    for (int j = i + 1; j < static_cast<int>(program_.ops().size()); ++j) {
      const Op& o = op(j);
      const bool same =
          o.operation->is("penalty_backward") && o.inputs == op(i).inputs && o.options == op(i).options;
      if (same && !o.accumulate && !done_[at(j)]) return j;
    }
    return -1;
  }

  // What threads leave of a sum over n elements, in float64 whatever the model's type.
  int add_partials(const Op& o, Index n) {
    Value partials;
    partials.name = program_.value(o.outputs[0]).name + "/partial";
    partials.rows = 1;
    partials.cols = partial_sums(n) * (static_cast<Index>(sizeof(double)) / size_of(dtype_));
    fused_.values.push_back(partials);
    return static_cast<int>(fused_.values.size()) - 1;
  }

  // matmul [+ add_bias [+ relu]]: one product with an epilogue.
  void add_matmul(int i) {
    const std::vector<int>& in = op(i).inputs;
    std::vector<int> ops{i};
    std::vector<int> values{op(i).outputs[0], in[0], in[1]};
    Epilogue epilogue = Epilogue::none;
    const int bias = fusable_reader(i, "add_bias");
    if (bias >= 0 && op(bias).inputs[0] == op(i).outputs[0]) {
      ops.push_back(bias);
      values = {op(bias).outputs[0], in[0], in[1], op(bias).inputs[1]};
      epilogue = Epilogue::bias;
      const int relu = fusable_reader(bias, "relu");
      if (relu >= 0) {
        ops.push_back(relu);
        values[0] = op(relu).outputs[0];
        epilogue = Epilogue::bias_relu;
      }
    }
    add_product(i, Product::nn, in[1], std::move(ops), std::move(values)).epilogue = epilogue;
  }

  // matmul_dx [+ relu_backward]: the mask of the layer below as the epilogue.
  void add_matmul_dx(int i) {
    const std::vector<int>& in = op(i).inputs;
    std::vector<int> ops{i};
    std::vector<int> values{op(i).outputs[0], in[0], in[1]};
    Epilogue epilogue = Epilogue::none;
    const int mask = fusable_reader(i, "relu_backward");
    if (mask >= 0 && op(mask).inputs[1] == op(i).outputs[0]) {
      ops.push_back(mask);
      values = {op(mask).outputs[0], in[0], in[1], -1, op(mask).inputs[0]};
      epilogue = Epilogue::relu_mask;
    }
    add_product(i, Product::nt, in[1], std::move(ops), std::move(values)).epilogue = epilogue;
  }

  // csr_matmul [+ add_bias].
  void add_csr_matmul(int i) {
    std::vector<int> ops{i};
    std::vector<int> values = values_of(i);
    const int bias = fusable_reader(i, "add_bias");
    if (bias >= 0 && op(bias).inputs[0] == op(i).outputs[0]) {
      ops.push_back(bias);
      values = {op(bias).outputs[0], values[1], values[2], op(bias).inputs[1]};
    }
    add("csr_matmul", op(i).operation->run, std::move(ops), std::move(values));
  }

  void add_matmul_dw(int i) { add_product(i, Product::tn, op(i).outputs[0], {i}, values_of(i)); }

  Step& add_product(int i, Product form, int weight, std::vector<int> ops, std::vector<int> values) {
    Step& step = add("gemm", op(i).operation->run, std::move(ops), std::move(values));
    step.product = form;
    const Index elements = program_.value(weight).rows * program_.value(weight).cols;
    step.flops_per_row = 2 * elements;
    if (elements * size_of(dtype_) >= kLargeWeights) step.row_local = false;
    return step;
  }

  // A normalisation [+ relu].
  void add_normalization(int i) {
    std::vector<int> ops{i};
    std::vector<int> values = values_of(i);
    const int relu = fusable_reader(i, "relu");
    if (relu >= 0) {
      ops.push_back(relu);
      values[0] = op(relu).outputs[0];
      cut_off_.push_back(values[0]);
    }
    Step& step = add(op(i).operation->name, op(i).operation->run, std::move(ops), std::move(values));
    step.relu = relu >= 0;
    step.in_place_output = 0;
    step.in_place_input = 1;
  }

  static bool takes_mask(const Operation& o) {
    return o.is("batch_norm_backward_sums") || o.is("batch_norm_backward") ||
           o.is("batch_norm_inference_backward");
  }

  // Whether the gradient of a relu that went into a normalisation can go into that one's gradient: then the
  // readers of its output, which are nobody else, take y and dy instead.
  bool leave_to_normalization(int i) {
    const Op& o = op(i);
    const bool cut_off = std::find(cut_off_.begin(), cut_off_.end(), o.inputs[0]) != cut_off_.end();
    const std::vector<int>& readers = readers_[at(o.outputs[0])];
    const bool all = std::all_of(readers.begin(), readers.end(), [&](int reader) {
      return reader >= 0 && takes_mask(*op(reader).operation) && op(reader).inputs[0] == o.outputs[0];
    });
    if (!cut_off || !all || readers.empty() || o.accumulate) return false;
    masked_[o.outputs[0]] = i;
    return true;
  }

  // Gives a normalisation's gradient the relu's, if that was left to it.
  void mask_gradient(const Op& o, std::vector<int>& ops, std::vector<int>& values) {
    if (!takes_mask(*o.operation)) return;
    const auto found = masked_.find(o.inputs[0]);
    if (found == masked_.end()) return;
    const Op& relu = op(found->second);
    values[o.outputs.size()] = relu.inputs[1];
    values.back() = relu.inputs[0];
    if (!done_[at(found->second)]) ops.push_back(found->second);
  }

  // The operation that computes the gradient of this loss, the loss itself where there is none, or -1.
  int gradient_of_loss(int i) const {
    const Op& loss = op(i);
    for (int j = i + 1; j < static_cast<int>(program_.ops().size()); ++j) {
      const Op& o = op(j);
      if (o.operation->joins == nullptr || done_[at(j)] || !loss.operation->is(o.operation->joins)) continue;
      if (o.inputs[0] == loss.inputs[0] && o.inputs[1] == loss.inputs[1] && ready_at(o, i)) return j;
    }
    return loss.operation->is_loss ? i : -1;
  }

  // A loss and its gradient in one pass; the loss alone where `gradient` is itself.
  void add_loss(int i, int gradient) {
    const std::vector<int>& in = op(i).inputs;
    std::vector<int> ops{i};
    std::vector<int> values{op(i).outputs[0], -1, in[0], in[1], -1};
    if (gradient != i) {
      ops.push_back(gradient);
      values[1] = op(gradient).outputs[0];
      if (op(gradient).inputs.size() > 2) values[4] = op(gradient).inputs[2];
    }
    Step& step = add(op(i).operation->name, op(i).operation->run, std::move(ops), std::move(values));
    step.options = op(gradient).options;
    step.outputs = 2;
    step.in_place_output = 1;
    step.in_place_input = 2;
  }

  const Program& program_;
  const Dtype dtype_;
  const Index max_batch_;
  std::vector<std::vector<int>> readers_;  // operations that read each value, or add to it
  std::vector<int> writer_;                // the last operation that writes each value, or -1
  std::vector<bool> done_;                 // operations that are in a step
  std::vector<int> cut_off_;               // outputs of normalisations with a relu
  std::map<int, int> partials_;            // of a figure's value: that of its partial sums
  std::map<int, int> masked_;  // gradients that are never written, and the relu_backward that would
  FusedSteps fused_;
};

// Lets outputs overwrite inputs that nobody reads afterwards, where the kernel allows it: less memory to touch.
// Only row-local steps, whose threads keep to their own rows, and values that only such steps touch.
class InPlace {
 public:
  InPlace(const Program& program, FusedSteps& fused) : program_(program), fused_(fused) {}

  void apply() {
    for (std::size_t s = 0; s < fused_.steps.size(); ++s) {
      const Step& step = fused_.steps[s];
      if (step.in_place_output < 0 || step.accumulate || !step.row_local) continue;
      const int to = step.values[static_cast<std::size_t>(step.in_place_output)];
      const int from = step.values[static_cast<std::size_t>(step.in_place_input)];
      if (to >= 0 && from >= 0 && fits(to, from) && last_touched(from, s)) replace(to, from);
    }
  }

 private:
  const Value& value(int index) const { return fused_.values[static_cast<std::size_t>(index)]; }

  bool fits(int to, int from) const {
    const auto plain = [&](int v) {
      return value(v).role == Role::computed && !value(v).integer && program_.output_slot(v) < 0;
    };
    return plain(to) && plain(from) && value(to).rows == value(from).rows &&
           value(to).cols == value(from).cols;
  }

  // Whether step `s` is the last to touch a value, and all that do are row-local, and it appears once in `s`.
  bool last_touched(int from, std::size_t s) const {
    for (std::size_t t = 0; t < fused_.steps.size(); ++t) {
      const Step& other = fused_.steps[t];
      if (other.touches(from) && (t > s || !other.row_local)) return false;
    }
    const std::vector<int>& own = fused_.steps[s].values;
    const auto reads = [&](const Step& later) { return later.touches(from); };
    return std::count(own.begin(), own.end(), from) == 1 &&
           std::none_of(fused_.updates.begin(), fused_.updates.end(), reads) &&
           std::none_of(fused_.observers.begin(), fused_.observers.end(), reads) &&
           std::none_of(fused_.watches.begin(), fused_.watches.end(), reads);
  }

  void replace(int to, int from) {
    for (std::vector<Step>* steps : {&fused_.steps, &fused_.updates, &fused_.observers, &fused_.watches}) {
      for (Step& step : *steps) std::replace(step.values.begin(), step.values.end(), to, from);
    }
  }

  const Program& program_;
  FusedSteps& fused_;
};

}  // namespace

FusedSteps fuse(const Program& program, Dtype dtype, Index max_batch) {
  Fuser fuser(program, dtype, max_batch);
  fuser.add_gathers();
  fuser.add_ops();
  fuser.add_reductions();
  fuser.add_watches();
  FusedSteps fused = fuser.result();
  InPlace(program, fused).apply();
  return fused;
}

}  // namespace fastdnn
