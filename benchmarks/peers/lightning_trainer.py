"""Lightning's `Trainer` over the tutorial's loaders: no logger, no checkpoint, no progress bar."""

import time

import torch
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor, nn

from benchmarks.peers.net import mlp
from benchmarks.peers.tutorial import batches
from benchmarks.peers.work import LR, Fitted, Part, Work, tell


class Regression(LightningModule):
    """The net, its cost and its optimizer, as Lightning wants them."""

    def __init__(self, hidden: list[int]) -> None:
        super().__init__()
        self.net = mlp(hidden)

    def training_step(self, batch: list[Tensor], _number: int) -> Tensor:
        """Return the cost of a batch: features (batch, 32), targets (batch, 1)."""
        features, targets = batch
        return nn.functional.mse_loss(self.net(features), targets)

    def validation_step(self, batch: list[Tensor], _number: int) -> None:
        """Log the cost of a validation batch; Lightning averages them by their sizes."""
        features, targets = batch
        cost = nn.functional.mse_loss(self.net(features), targets)
        self.log("val_cost", cost, on_epoch=True, batch_size=len(targets))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return the optimizer."""
        return torch.optim.Adam(self.parameters(), lr=LR)


def fit(work: Work, train: Part, valid: Part) -> Fitted:
    """Train and validate every epoch."""
    torch.manual_seed(work.seed)
    model = Regression(work.hidden)
    trainer = Trainer(
        accelerator="cpu",
        devices=1,
        max_epochs=work.epochs,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        default_root_dir=work.folder,
    )
    train_batches = batches(train, work.batch_size, shuffle=True)
    valid_batches = batches(valid, work.batch_size, shuffle=False)
    began = time.perf_counter()
    trainer.fit(model, train_batches, valid_batches)
    return Fitted(time.perf_counter() - began, trainer.callback_metrics["val_cost"].item())


if __name__ == "__main__":
    tell(fit, "lightning")
