# SPDX-License-Identifier: GPL-3.0-or-later
"""One training step of a U-ViT in PyTorch, eager, under bf16 autocast: what bench_train compares with.

Reads "step" lines and answers each with the milliseconds that the step took.
Arguments: img_size patch_size channels dim depth heads classes batch attention(sdpa|parts) threads
"""
import math
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn


class Block(nn.Module):
    def __init__(self, dim, heads, skip, attention):
        super().__init__()
        self.heads, self.attention = heads, attention
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.qkv, self.proj = nn.Linear(dim, 3 * dim, bias=False), nn.Linear(dim, dim)
        self.fc1, self.fc2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)
        self.skip_linear = nn.Linear(2 * dim, dim) if skip else None

    def attend(self, x):
        b, l, d = x.shape
        q, k, v = self.qkv(x).reshape(b, l, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        if self.attention == "sdpa":
            out = F.scaled_dot_product_attention(q, k, v)
        else:
            out = ((q @ k.transpose(-1, -2)) * (d // self.heads) ** -0.5).softmax(-1) @ v
        return self.proj(out.transpose(1, 2).reshape(b, l, d))

    def forward(self, x, skip=None):
        if self.skip_linear is not None:
            x = self.skip_linear(torch.cat([x, skip], -1))
        x = x + self.attend(self.norm1(x))
        return x + self.fc2(F.gelu(self.fc1(self.norm2(x))))


class UViT(nn.Module):
    def __init__(self, img, patch, channels, dim, depth, heads, classes, attention):
        super().__init__()
        self.patch, self.channels, self.dim, self.side = patch, channels, dim, img // patch
        self.extras = 2 if classes > 0 else 1
        self.embed = nn.Conv2d(channels, dim, patch, patch)
        self.label = nn.Embedding(classes, dim) if classes > 0 else None
        self.positions = nn.Parameter(torch.randn(1, self.extras + self.side**2, dim) * 0.02)
        self.ins = nn.ModuleList(Block(dim, heads, False, attention) for _ in range(depth // 2))
        self.mid = Block(dim, heads, False, attention)
        self.outs = nn.ModuleList(Block(dim, heads, True, attention) for _ in range(depth // 2))
        self.norm, self.decoder = nn.LayerNorm(dim), nn.Linear(dim, patch * patch * channels)
        self.final = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x, t, y):
        b, p, s = x.shape[0], self.patch, self.side
        x = self.embed(x).flatten(2).transpose(1, 2)
        frequencies = torch.exp(-math.log(10000) * torch.arange(self.dim // 2) / (self.dim // 2))
        angles = t[:, None].float() * frequencies
        tokens = [torch.cat([angles.cos(), angles.sin()], -1)[:, None], x]
        if self.label is not None:
            tokens.insert(0, self.label(y)[:, None])
        x = torch.cat(tokens, 1) + self.positions
        skips = []
        for block in self.ins:
            x = block(x)
            skips.append(x)
        x = self.mid(x)
        for block in self.outs:
            x = block(x, skips.pop())
        x = self.decoder(self.norm(x))[:, self.extras :]
        x = x.reshape(b, s, s, p, p, self.channels).permute(0, 5, 1, 3, 2, 4)
        return self.final(x.reshape(b, self.channels, s * p, s * p))


def main():
    *shape, batch = map(int, sys.argv[1:9])
    torch.set_num_threads(int(sys.argv[10]))
    torch.manual_seed(0)
    img, channels, classes = shape[0], shape[2], shape[6]
    model = UViT(*shape, sys.argv[9])
    optimizer = torch.optim.AdamW(model.parameters(), 1e-4, fused=True)
    average = [p.detach().clone() for p in model.parameters()]
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        x, noise = torch.randn(2, batch, channels, img, img)
        t, y = torch.randint(0, 1000, (batch,)), torch.randint(0, max(1, classes), (batch,))
        with torch.autocast("cpu", torch.bfloat16):
            loss = F.mse_loss(model(x, t, y).float(), noise)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        torch._foreach_lerp_(average, [p.detach() for p in model.parameters()], 1e-3)
        print(1000 * (time.perf_counter() - start), flush=True)


main()
