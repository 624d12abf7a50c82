"""Digits with a small BERT.

sonde run --metric eval_loss lr=1e-4..1e-1:log transformers_digits.py
"""

import torch
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments

from sonde.tracking.transformers import SondeCallback

lr = 0.001

X, y = load_digits(return_X_y=True)
X = (X / 16).astype("float32")
X_train, X_val, y_train, y_val = train_test_split(X, y, test_size=0.3, random_state=0)


class Pixels(torch.utils.data.Dataset):
    def __init__(self, X, y):
        self.X, self.y = torch.from_numpy((X * 16).astype("int64")), torch.from_numpy(y)

    def __len__(self):
        return 200

    def __getitem__(self, i):
        return {"input_ids": self.X[i], "labels": self.y[i]}


torch.manual_seed(0)
model = BertForSequenceClassification(
    BertConfig(
        vocab_size=17,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=16,
        max_position_embeddings=64,
        num_labels=10,
    )
)
arguments = TrainingArguments(
    output_dir="out",
    learning_rate=lr,
    num_train_epochs=3,
    per_device_train_batch_size=50,
    eval_strategy="epoch",
    logging_strategy="epoch",
    save_strategy="no",
    report_to=[],
    use_cpu=True,
    disable_tqdm=True,
)
Trainer(
    model=model,
    args=arguments,
    train_dataset=Pixels(X_train, y_train),
    eval_dataset=Pixels(X_val, y_val),
    callbacks=[SondeCallback()],
).train()
