import numpy as np

from genlib import tables


def test_codes_are_written_one_a_line():
    assert tables.codes(np.array([[0.5, -1.0], [2, 3]])) == "sample,dimension 1,dimension 2\n0,0.5,-1\n1,2,3\n"


def test_codes_are_written_with_their_classes_where_a_model_has_them():
    assert tables.codes(np.array([[0.5], [2]]), ("cat", "dog")) == "sample,group,dimension 1\n0,cat,0.5\n1,dog,2\n"


def test_a_map_is_written_with_its_noise_and_its_unlabelled_items():
    text = tables.layout(np.array([4, 9]), np.array([[0.0, 1], [2, 3]]), np.array([-1, 0]), np.array([1, -1]), ("a", "b, c"))
    assert text == 'index,x,y,cluster,class\n4,0,1,-1,"b, c"\n9,2,3,0,\n'


def test_classes_are_counted_the_most_frequent_first():
    assert tables.counts(np.array([0, 1, 1, -1]), ("cat", "dog")) == {"dog": 2, "unlabelled": 1, "cat": 1}
