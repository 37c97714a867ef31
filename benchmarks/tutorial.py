"""The tutorial's job as its reader would run it: a script of its own, with PyTorch's plain loader and loop."""

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

x = torch.tensor([[73, 80, 75], [93, 88, 93], [89, 91, 90], [96, 98, 100], [73, 66, 70]], dtype=torch.float32)
y = torch.tensor([[152], [185], [180], [196], [142]], dtype=torch.float32)
batches = DataLoader(TensorDataset(x, y), batch_size=2, shuffle=True)

torch.manual_seed(0)
model = nn.Linear(3, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=1e-5)
costs = []
for _epoch in range(2000):
    for features, targets in batches:
        cost = nn.functional.mse_loss(model(features), targets)
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
        costs.append(cost.item())
print(f"{len(costs)} steps, last cost {costs[-1]:.4f}, predicts {model(torch.tensor([73.0, 80, 75])).item():.2f}")
