// Automatic differentiation, and gradients that another language computes.
#include "internal.h"
#include <ATen/core/grad_mode.h>
#include <memory>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/variable.h>
using namespace swt;
using torch::autograd::variable_list;

namespace {
variable_list tensors(const swt_tensor *handles, int32_t count) {
  variable_list list;
  list.reserve(count);
  for (int32_t i = 0; i < count; i++)
    list.push_back(optional(handles[i]));
  return list;
}

variable_list gradient_roots(const swt_tensor *gradients, int32_t count) {
  return gradients ? tensors(gradients, count) : variable_list();
}

using Context = std::unique_ptr<void, void (*)(void *)>;

// A node of the graph whose gradient is computed by a callback.
struct CallbackNode : public torch::autograd::Node {
  CallbackNode(std::string name, Context context, swt_backward_function backward)
      : title(std::move(name)), context(std::move(context)), backward(backward) {}

  std::string name() const override { return title; }

  variable_list apply(variable_list &&gradients) override {
    std::vector<swt_tensor> in(gradients.size()), out(num_outputs(), nullptr);
    for (size_t i = 0; i < gradients.size(); i++)
      in[i] = gradients[i].defined() ? reinterpret_cast<swt_tensor>(gradients[i].unsafeGetTensorImpl()) : nullptr;
    swt_status status = backward(context.get(), in.data(), static_cast<int32_t>(in.size()), out.data(),
                                 static_cast<int32_t>(out.size()));
    variable_list result;
    result.reserve(out.size());
    for (swt_tensor tensor : out)
      result.push_back(adopt(tensor));
    if (status != 0)
      throw std::runtime_error(swt_last_error());
    return result;
  }

  std::string title;
  Context context;
  swt_backward_function backward;
};
} // namespace

extern "C" {
bool swt_gradient_mode(void) { return c10::GradMode::is_enabled(); }
void swt_set_gradient_mode(bool on) { c10::GradMode::set_enabled(on); }

swt_status swt_set_requires_gradient(swt_tensor tensor, bool on) {
  return guard([&] { borrow(tensor).set_requires_grad(on); });
}

swt_status swt_retain_gradient(swt_tensor tensor) {
  return guard([&] { borrow(tensor).retain_grad(); });
}

swt_status swt_gradient(swt_tensor tensor, swt_tensor *out) {
  return guard([&] {
    // Not Tensor::grad(), which warns about tensors that are not leaves.
    at::Tensor gradient = borrow(tensor).mutable_grad();
    *out = own(std::move(gradient));
  });
}

swt_status swt_set_gradient(swt_tensor tensor, swt_tensor gradient) {
  return guard([&] {
    const at::Tensor &owner = borrow(tensor);
    at::Tensor given = optional(gradient);
    if (!given.defined()) {
      owner.mutable_grad() = given;
      return;
    }
    TORCH_CHECK(given.sizes() == owner.sizes() && given.scalar_type() == owner.scalar_type() &&
                    given.device() == owner.device(),
                "a gradient of ", given.scalar_type(), given.sizes(), " on ", given.device(),
                " cannot belong to a tensor of ", owner.scalar_type(), owner.sizes(), " on ", owner.device());
    owner.mutable_grad() = given;
  });
}

swt_status swt_backward(const swt_tensor *outputs, const swt_tensor *gradients, int32_t count, bool keep_graph,
                        bool create_graph) {
  return guard([&] {
    apply_threads();
    torch::autograd::backward(tensors(outputs, count), gradient_roots(gradients, count), keep_graph, create_graph);
  });
}

swt_status swt_gradients(const swt_tensor *outputs, const swt_tensor *gradients, int32_t output_count,
                         const swt_tensor *inputs, int32_t input_count, bool keep_graph, bool create_graph,
                         swt_tensor *out) {
  return guard([&] {
    apply_threads();
    auto result = torch::autograd::grad(tensors(outputs, output_count), tensors(inputs, input_count),
                                        gradient_roots(gradients, output_count), keep_graph, create_graph,
                                        /*allow_unused=*/true);
    for (int32_t i = 0; i < input_count; i++)
      out[i] = own(std::move(result[i]));
  });
}

swt_status swt_custom_gradient(const char *name, const swt_tensor *inputs, int32_t input_count, swt_tensor *outputs,
                               int32_t output_count, void *context, swt_backward_function backward,
                               void (*release)(void *)) {
  return guard([&] {
    Context owned(context, release);
    variable_list list = tensors(inputs, input_count);
    if (!c10::GradMode::is_enabled() || !torch::autograd::any_variable_requires_grad(list))
      return;
    auto node = c10::make_intrusive<CallbackNode>(name, std::move(owned), backward);
    node->set_next_edges(torch::autograd::collect_next_edges(list));
    for (int32_t i = 0; i < output_count; i++) {
      at::Tensor output = borrow(outputs[i]).detach(); // fresh metadata on the same storage
      if (torch::autograd::isDifferentiableType(output.scalar_type()))
        torch::autograd::set_history(output, node);
      else
        node->add_input_metadata(torch::autograd::Node::undefined_input());
      swt_tensor_release(outputs[i]);
      outputs[i] = own(std::move(output));
    }
  });
}
}
