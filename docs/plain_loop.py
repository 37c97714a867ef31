"""The tutorial's job as a plain PyTorch loop: the service ends with the same bits."""

import torch
from torch import nn

x = torch.tensor([[73, 80, 75], [93, 88, 93], [89, 91, 90], [96, 98, 100], [73, 66, 70]], dtype=torch.float32)
y = torch.tensor([[152], [185], [180], [196], [142]], dtype=torch.float32)


def train(seed: int, epochs: int) -> tuple[nn.Module, list[float]]:
    torch.manual_seed(seed)
    model = nn.Linear(3, 1)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-5)
    costs = []
    for epoch in range(1, epochs + 1):
        order = torch.randperm(5, generator=torch.Generator().manual_seed((seed * 1_000_003 + epoch) % 2**32))
        for rows in order.split(2):
            optimizer.zero_grad()
            cost = nn.functional.mse_loss(model(x[rows]), y[rows])
            cost.backward()
            optimizer.step()
            costs.append(cost.item())
    return model, costs


if __name__ == "__main__":
    model, costs = train(seed=0, epochs=2000)
    print(f"first cost {costs[0]:.6f}, last {costs[-1]:.6f}, predicts {model(x[:1]).item():.2f} for [73, 80, 75]")
