"""Records what pandas and scikit-learn say of real tables.

    KOBAI_DATA=folder python Tools/data/table_references.py \\
      > Tests/KobaiDataTests/Resources/table-references.json

Needs pandas and scikit-learn, and titanic/train.csv, california/housing.csv and
nsl-kdd/{KDDTrain+_20Percent.txt,KDDTest+.txt} below the folder. Encoders are fitted to the first 80 % of
the rows and applied to both parts.
"""

import json
import os

import pandas
import sklearn
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, OrdinalEncoder, StandardScaler

ROOT = os.environ["KOBAI_DATA"]


def matrix(values):
    return dict(
        shape=list(values.shape), sums=values.sum(axis=0).tolist(),
        squares=(values * values).sum(axis=0).tolist(), first=values[:3].tolist())


def clean(values):
    return [None if value != value else value for value in values]


def encoded(table, numbers, categories, impute, scaler, code):
    cut = len(table) * 4 // 5
    train, test = table[:cut], table[cut:]
    encoder = OneHotEncoder if code == "oneHot" else OrdinalEncoder
    options = (
        dict(handle_unknown="ignore", sparse_output=False) if code == "oneHot"
        else dict(handle_unknown="use_encoded_value", unknown_value=-1))
    steps = ColumnTransformer([
        ("numbers", make_pipeline(SimpleImputer(strategy=impute), scaler), numbers),
        ("categories", make_pipeline(
            SimpleImputer(strategy="most_frequent"), encoder(**options)), categories)])
    return dict(
        numbers=numbers, categories=categories, train=matrix(steps.fit_transform(train)),
        test=matrix(steps.transform(test)))


def summary(table):
    numeric = table.select_dtypes("number")
    kinds = {"i": "int", "f": "double", "b": "bool"}
    return dict(
        rows=len(table), columns=list(table.columns),
        types=[kinds.get(table[name].dtype.kind, "string") for name in table.columns],
        missing={name: int(n) for name, n in table.isna().sum().items() if n},
        describe={name: clean(numeric[name].describe().tolist()) for name in numeric})


titanic = pandas.read_csv(f"{ROOT}/titanic/train.csv")
california = pandas.read_csv(f"{ROOT}/california/housing.csv")
kdd = pandas.read_csv(f"{ROOT}/nsl-kdd/KDDTrain+_20Percent.txt", header=None)
kdd.columns = [f"column{i}" for i in range(kdd.shape[1])]

print(json.dumps(dict(
    pandas=pandas.__version__, sklearn=sklearn.__version__,
    summaries=dict(titanic=summary(titanic), california=summary(california), kdd=summary(kdd)),
    counts=dict(
        titanic=titanic["Embarked"].value_counts().to_dict(),
        california=california["ocean_proximity"].value_counts().to_dict()),
    encoded=dict(
        titanic=encoded(
            titanic, ["Pclass", "Age", "SibSp", "Fare"], ["Sex", "Embarked"], "median",
            StandardScaler(), "oneHot"),
        california=encoded(
            california, list(california.columns[:8]), ["ocean_proximity"], "mean", MinMaxScaler(),
            "ordinal"),
        kdd=encoded(
            kdd, ["column0", "column4", "column5", "column22"], ["column1", "column2", "column3"],
            "most_frequent", StandardScaler(), "oneHot"))), separators=(",", ":")))
